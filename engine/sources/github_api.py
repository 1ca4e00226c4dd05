"""Names what GitHub answers, as far as it is read."""

from pydantic import AwareDatetime, BaseModel


class User(BaseModel):
    """Somebody, or something, with an account."""

    login: str = ""


class Deployment(BaseModel):
    """One deployment: which commit went where, and when that began."""

    id: int
    sha: str
    ref: str = ""
    environment: str = ""
    description: str | None = None
    creator: User | None = None
    created_at: AwareDatetime


class Status(BaseModel):
    """How far a deployment has come; the newest comes first."""

    state: str


class Branch(BaseModel):
    """One side of a pull request."""

    ref: str = ""


class Pull(BaseModel):
    """One pull request."""

    number: int
    title: str
    user: User | None = None
    merged_at: AwareDatetime | None = None
    merge_commit_sha: str | None = None
    html_url: str = ""
    base: Branch = Branch()


class File(BaseModel):
    """What became of one file."""

    filename: str
    status: str = ""
    additions: int = 0
    deletions: int = 0
    patch: str = ""


class Author(BaseModel):
    """Who wrote a commit, and when, as Git says."""

    name: str = ""
    date: AwareDatetime | None = None


class Message(BaseModel):
    """What a commit says of itself."""

    message: str = ""
    author: Author | None = None


class Commit(BaseModel):
    """One commit."""

    sha: str
    commit: Message = Message()
    author: User | None = None
    files: list[File] = []


class Comparison(BaseModel):
    """What lies between two commits: the commits, oldest first, and the files they touch."""

    html_url: str = ""
    status: str = ""
    total_commits: int = 0
    commits: list[Commit] = []
    files: list[File] = []


class Entry(BaseModel):
    """One thing in a repository: a blob is a file, a commit another repository."""

    path: str = ""
    type: str = ""
    size: int = 0


class Tree(BaseModel):
    """Everything a repository holds at a commit; `truncated`: more than GitHub tells."""

    tree: list[Entry]
    truncated: bool = False


class Content(BaseModel):
    """A file; where it is too large its content is empty, and its encoding is none."""

    type: str
    encoding: str = ""
    content: str = ""


class Release(BaseModel):
    """One release; a draft has no date."""

    tag_name: str
    name: str | None = None
    draft: bool = False
    published_at: AwareDatetime | None = None
    author: User | None = None


class Limit(BaseModel):
    """How many questions are left in this hour."""

    limit: int
    remaining: int


class Limits(BaseModel):
    """The limits of a token."""

    rate: Limit


class Repository(BaseModel):
    """A repository somebody may see."""

    full_name: str

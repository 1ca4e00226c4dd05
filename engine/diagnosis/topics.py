"""Lists the subjects a log line or span may be about, by what real software prints, in English and Chinese.

To teach Tocsin another wording, add it to its subject; a line may have several.
"""

import re
from functools import lru_cache

DATABASE: dict[str, str] = {
    "pool": r"pool\b.{0,60}(exhaust|timed? ?out|\bfull\b|no (free|idle|available)|drained|empty|limit|saturat|starv)"
    r"|(exhaust|timed? ?out|saturat|starv|no (free|idle|available)).{0,60}\bpool"
    r"|too many (open )?(connections|clients)"
    r"|remaining connection slots|connection is not available"
    r"|(unable|failed|could not) to (acquire|obtain|get).{0,30}connection"
    r"|could not (acquire|obtain|get).{0,30}connection|connection acquire time?out|connection queue depth exceeded"
    r"|max_user_connections|connection limit exceeded for|pool ran dry|connection pool is exhausted"
    r"|连接池.{0,30}(耗尽|已满|占满|超时|不足|无可用)"
    r"|(获取|等待).{0,10}(数据库)?连接.{0,10}超时|连接数.{0,6}(过多|超限|已满)",
    "slow_query": r"slow.{0,6}(query|sql|statement|log)|(query|statement|sql).{0,40}\b(took|exceed\w*|slow)"
    r"|statement timeout|maximum statement execution time|max_execution_time|execution time of .{0,20}query"
    r"|full (table|collection) scan|no limit clause"
    r"|without (an? )?(limit|index|pagination)\b|collscan|seq(uential)? scan"
    r"|returned \d[\d,]{3,} (rows|documents)|(connection|transaction) held for"
    r"|long.running (query|transaction|statement)"
    r"|operation exceeded time limit|maxtimems|慢查询|慢 ?SQL|全表扫描|查询.{0,10}(超时|过慢)",
    "many_queries": r"\bn ?\+ ?1\b|\d[\d,]{1,} .{0,12}quer(y|ies) .{0,40}(single|one|per|each)\b.{0,30}request"
    r"|quer(y|ies) per request|too many (sql |db |database )?queries|每个?请求.{0,12}(查询|SQL)",
    "lock": r"\bdead ?lock|lock wait time ?out|could not obtain lock"
    r"|lock (request|acquire|acquisition|wait).{0,20}time"
    r"|lock(_| )?timeout|(waiting|waited|wait) .{0,20}for .{0,30}\block\b"
    r"|could not serialize access|lock not available"
    r"|lockacquisitionexception|cannotacquirelock|database is locked|ora-000(54|60)|metadata lock"
    r"|write conflict|死锁|锁等待|等待.{0,6}锁|锁超时",
    "read_only": r"read.only (transaction|file ?system|mode|replica|database|table|user)|read-only option"
    r"|\breadonly you can.t write|super.read.only|not ?writableprimary|not (the )?(primary|master)\b|is in read.only"
    r"|cluster_block_exception.{0,60}read.only"
    r"|attempt to write a readonly|(数据库|实例|副本|文件系统).{0,8}只读|只读(模式|事务|实例)",
    "schema": r"(column|relation|table|view|field|function|type|sequence) .{0,80}(does ?n.t|does not|not) exist"
    r"|unknown (column|table|field)|no such (table|column)|undefined(column|table)|sqlgrammarexception"
    r"|invalid (column|object) name|ora-009(04|42)\b|missing column|bad sql grammar|no column named"
    r"|schema.{0,20}(mismatch|drift|validation|incompatib)|incompatible schema|(pending|unapplied|failed) migrations?"
    r"|migration.{0,30}(pending|failed|not applied|checksum)"
    r"|(列|字段|表)不存在|未知的?(列|字段)|表结构.{0,8}不(一致|匹配)",
    "replication": r"replication (lag|delay)|replica.{0,30}(lag|behind|delay|stale)|seconds.behind.(master|source)"
    r"|wal receiver|canceling statement due to conflict with recovery|主从延迟|复制延迟|同步延迟",
}

STORES: dict[str, str] = {
    "disk_full": r"no space left on device|\benospc\b|disk (is )?full|disk quota exceeded|could not extend file"
    r"|the table .{0,60} is full|insufficient disk|disk usage exceeded|flood.?stage|low on disk|out of disk"
    r"|misconf redis|stable to persist on disk"
    r"|write.{0,30}failed.{0,30}space|磁盘.{0,6}(已满|不足|占满|写满)|空间不足",
    "cache_full": r"oom command not allowed|used memory > 'maxmemory'|maxmemory|cache.{0,20}(is full|evict)"
    r"|evict\w* .{0,20}(key|cache|entr)|out of memory storing object|缓存.{0,8}(已满|淘汰|驱逐)",
    "hot_key": r"hot.?key|big.?key|热点? ?key|热键|大 ?key",
    "cache_miss": r"cache.{0,12}(miss|stampede|avalanche|penetration|unavailable|expired)"
    r"|thundering herd|read.through to"
    r"|缓存(击穿|雪崩|穿透|未命中|失效)",
    "backlog": r"consumer lag|\blag (is |of |has |reached |exceed)|queue.{0,20}(depth|length|size|backlog|growing)"
    r"|back.?log|messages? .{0,20}(piling|accumulat)|too far behind"
    r"|falling behind|max\.poll\.interval|commitfailedexception"
    r"|(leaving|revok).{0,20}(consumer )?group"
    r"|消息(积压|堆积)|队列.{0,10}(积压|过长|堆积)|消费.{0,4}(延迟|滞后|积压)",
}

RESOURCES: dict[str, str] = {
    "memory": r"out of memory|outofmemory|\boom\b.{0,10}kill|oom.?kill|cannot allocate memory|memoryerror\b|bad_alloc"
    r"|heap out of memory|heap space|allocation failed|memory cgroup|exit (code|status)[ :=]*137|killed process \d+"
    r"|signal: killed|内存不足|内存溢出|堆溢出",
    "oom_kill": r"oom.?kill|exit (code|status)[ :=]*137|killed process \d+|memory cgroup out of memory|signal: killed"
    r"|(exceed\w*|over) .{0,12}memory limit|因内存.{0,6}(被杀|终止)",
    "memory_growth": r"(heap|memory).{0,24}(usage|used|use)\b.{0,24}(high|critical|\b[89]\d(\.\d+)? ?%|\(9\d|limit)"
    r"|approaching (the )?(memory )?limit|memory (leak|pressure)|leaked .{0,20}(bytes|objects)|cache entries: \d"
    r"|内存(泄漏|使用率过高|持续增长|压力)",
    "gc": r"gc overhead|\bgc\b.{0,20}(pause|took|limit|cycles?)|full gc|stop.the.world|pause (full|young|remark)"
    r"|garbage collect\w*.{0,30}(took|pause|long)|mark-sweep"
    r"|safepoint.{0,20}(took|time)|垃圾回收.{0,10}(过长|频繁|耗时)",
    "cpu": r"cpu.{0,24}(high|saturat|\b(9\d|100)(\.\d+)? ?%|starv)|cpu.{0,6}throttl|load average|soft lockup"
    r"|event loop.{0,10}(lag|block|delay)|thread starvation or clock leap|CPU.{0,10}(过高|打满|跑满|限流)",
    "threads": r"(thread|worker|executor).{0,6}pool.{0,40}(exhaust|\bfull\b|reject|saturat)|rejectedexecution"
    r"|unable to create (new )?native thread|can.?t start new thread"
    r"|too many (threads|processes|workers)|\beagain\b.{0,20}fork"
    r"|no (free|idle|available|live) (worker|thread|listener)s?|(workers?|threads?) (are )?(all )?busy|max_children"
    r"|worker_connections are not enough|maxrequestworkers"
    r"|max(imum)? (number of )?(threads|workers) (reached|exceeded)"
    r"|worker time?out|pthread_create|resource temporarily unavailable"
    r"|(线程|工作进程).{0,6}(池)?(已满|耗尽|不足|拒绝)",
    "descriptors": r"too many open files|\bemfile\b|\benfile\b"
    r"|file descriptors?.{0,20}(exhaust|limit)|文件描述符.{0,8}(耗尽|不足|上限)",
}

CALLS: dict[str, str] = {
    "timeout": r"timed? ?-?out|deadline ?exceeded|did not (answer|respond)|no response within|context deadline"
    r"|超时|未在.{0,20}(响应|应答)",
    "unreachable": r"connection refused|econnrefused|unreachable"
    r"|no route to host|cannot be reached|connect(ion)? failed"
    r"|no (healthy|live|ready|available) (upstream|replica|endpoint|instance|backend)s?"
    r"|no replica|no servers? available"
    r"|服务不可用|连接被拒绝|无法连接|不可达",
    "peer_failed": r"\b50[0234]\b.{0,40}(from|by|upstream)|(upstream|downstream|remote|peer).{0,40}\b50[0234]\b"
    r"|(returned|responded|status|code)\W{0,3}(code )?\W{0,2}50[0234]\b"
    r"|internal ?error|service ?unavailable|bad gateway"
    r"|slowdown|上游.{0,12}(错误|失败|不可用)|下游.{0,12}(错误|失败|不可用)",
    "limited": r"rate.?limit|too many requests|(?<!cpu )(?<!cpu_)throttl|quota exceeded|over (the )?limit|\b429\b"
    r"|resource ?exhausted|resource_exhausted|限流|请求过多",
    "retry": r"retry.?(budget|storm|limit)"
    r"|retr(y|ies|ying)\b.{0,20}(\d|attempt|exhaust|again|failed)|max retries exceeded"
    r"|giving up after|attempt #?\d+( of |/)\d+|after \d+ (retries|attempts)|重试",
    "circuit": r"circuit.?breaker.{0,20}(open|trip)|callnotpermitted|short.?circuited|熔断",
}

NETWORK: dict[str, str] = {
    "dns": r"could not resolve host|name or service not known"
    r"|no such host|unknownhostexception|\bnxdomain\b|\bservfail\b"
    r"|getaddrinfo|enotfound|eai_again|temporary failure in name resolution|(failed|unable) to resolve .{0,80}"
    r"|name resolution|server misbehaving|host not found"
    r"|dns.{0,30}(fail|time|error|refus|block)|nodename nor servname"
    r"|域名解析(失败|超时)|无法解析(域名|主机)",
    "denied": r"(network ?)?polic(y|ies)\b.{0,40}(den(y|ied)|drop|block|reject)"
    r"|(den(y|ied)|drop\w*|block\w*) .{0,20}(egress|ingress)"
    r"|(deny|denied|drop(ped)?|block(ed)?)\b.{0,40}(packet|by (network )?policy|by firewall)"
    r"|security group.{0,20}(den|block)"
    r"|iptables.{0,20}drop|网络策略.{0,10}(拒绝|拦截|阻断)|防火墙.{0,8}(拒绝|拦截)",
    "network": r"connection reset|econnreset|broken pipe|\bepipe\b|network is unreachable|packet loss|socket hang ?up"
    r"|connection (was |is )?(closed|aborted|lost|dropped)|unexpected eof|prematurely closed|tls handshake time?out"
    r"|retransmi|network partition|partitioned|split.?brain|lost connection to|i/o time?out|link (is )?down|丢包"
    r"|连接(被)?(重置|中断|断开)|网络(不可达|中断|分区|抖动)|重传",
    "certificate": r"x509|certificate (has )?(expired|verify|unknown|required|is not|signed)"
    r"|\bcert_has_expired|certpath"
    r"|sslhandshakeexception|certificate_verify_failed"
    r"|self.signed certificate|pkix path|issuer certificate|ssl certificate"
    r"|tls: (bad|unknown|failed|handshake|expired)|(tls|ssl).{0,12}handshake (error|fail)|handshake.?fail"
    r"|(renew|issu)\w* .{0,40}(certificate|cert).{0,40}fail"
    r"|certificate.{0,60}(renewal|expir)\w*.{0,30}(fail|soon|hour)"
    r"|证书.{0,10}(过期|无效|校验失败|不受信任|续期失败)",
    "expired_certificate": r"certificate.{0,60}\bexpired|cert_has_expired"
    r"|certificate is not valid|notafter|not yet valid"
    r"|expired certificate|证书.{0,10}过期",
    "clock": r"clock.{0,12}(skew|drift|offset|jump|out of sync|unsync)"
    r"|time.{0,12}(skew|out of sync)|used before issued"
    r"|requesttimetooskewed|(token|timestamp).{0,30}in the future"
    r"|timestamp.{0,20}(outside|too (old|new|far))|nbf claim"
    r"|ntp.{0,20}(unsync|fail|unreach)|chronyd?.{0,30}(can.t|no majority|unreach)|时钟.{0,6}(偏差|不同步|漂移|回拨)",
}

CODE: dict[str, str] = {
    "auth": r"\b40[13]\b|unauthori[sz]ed|unauthenticated|\bforbidden\b"
    r"|permission.?denied|access denied|invalid_(grant|client|token)"
    r"|(token|jwt|credential|api.?key|signature|secret)s?\b.{0,40}"
    r"(invalid|expired|reject|mismatch|revoked|malformed|fail)"
    r"|(invalid|expired|bad|wrong|missing) .{0,12}(token|jwt|credential|api.?key|signature|password|secret)"
    r"|authenticat\w* fail|authentication (failed|error|broken)"
    r"|audience|\bnoauth\b|\bwrongpass\b|login failed for user"
    r"|access denied for user|scope .{0,60}(does not match|missing|required)|rbac: access denied|not authorized"
    r"|认证失败|鉴权失败|未授权|无权限|权限不足|(令牌|凭证|密钥|签名).{0,8}(无效|过期|错误|不匹配)",
    "config": r"(invalid|bad|wrong|missing|unknown|unrecogni[sz]ed|unsupported|malformed).{0,24}"
    r"(config\w*|setting|property|properties|option|directive|parameter|environment variable|env var|flag value)\b"
    r"|config\w*.{0,30}(invalid|missing|not found|mismatch|fail|error)|could not resolve placeholder"
    r"|environment variable .{0,60}(not set|missing|required|undefined)"
    r"|failed to (load|parse|bind|read) .{0,20}(config|propert|setting)"
    r"|required (property|setting|env\w*|key)|host not found in upstream|yaml.{0,20}(pars|syntax|unmarshal|scanner)"
    r"|is not a valid (value|port|url|duration)"
    r"|配置.{0,12}(错误|缺失|无效|不存在|加载失败)|缺少.{0,6}(配置|环境变量)",
    "flag": r"feature.?(flag|toggle|gate|switch)"
    r"|\bflag\b .{0,40}(enabled|evaluat|turned|on\b)|特性开关|功能开关|灰度开关",
    "code": r"\bpanic\b|nullpointer|nil pointer|null reference|nonetype"
    r"|typeerror|attributeerror|\bkeyerror|indexerror|valueerror"
    r"|undefined is not|cannot read propert|is not a function"
    r"|segmentation fault|sigsegv|unhandled (exception|promise|error)"
    r"|traceback \(most recent|illegalstate|illegalargument"
    r"|classcast|nosuchmethod|classnotfound|noclassdef|importerror"
    r"|modulenotfound|undefined symbol|duplicate registration"
    r"|assertion fail|stack overflow|stackoverflow|numberformat|deserializ|unmarshal|空指针|数组越界|类型转换",
    "linkage": r"nosuchmethod|nosuchfield|classnotfound|noclassdef|unsupportedclassversion|importerror|modulenotfound"
    r"|cannot find module|undefined symbol|symbol lookup|duplicate registration|glibc_|(version|dependency) conflict"
    r"|incompatible .{0,30}version|requires? .{0,40}version|版本(冲突|不兼容)|找不到(类|模块|方法)",
    "crash": r"crash.?loop|back-?off restarting|failed to start"
    r"|exited with (code|status) [1-9]|terminated.{0,20}exit code [1-9]"
    r"|liveness probe failed|启动失败|反复重启|崩溃",
    "node": r"node.{0,30}(not ?ready|unreachable|pressure|lost|down\b)"
    r"|kubelet stopped posting|machine check|hardware error"
    r"|\bevict(ed|ing)\b.{0,20}pod|eviction.?manager"
    r"|spot.{0,20}(interrupt|terminat|reclaim)|节点.{0,8}(不可用|故障|失联|压力)|驱逐",
}

TOPICS: dict[str, re.Pattern[str]] = {
    topic: re.compile(pattern, re.IGNORECASE)
    for topic, pattern in (DATABASE | STORES | RESOURCES | CALLS | NETWORK | CODE).items()
}

DENIED_BEFORE = re.compile(
    r"(\b(no|without|never|zero|0)\s+(more\s+)?([a-z]+\s+)?|\bnot\s+|n't\s+|没有(发现|出现)?|未(发现|出现|发生)|无)$",
    re.IGNORECASE,
)
"""Right before a wording: it is said that this is not so."""

DENIED_INSIDE = re.compile(
    r"no longer|\bnot been\b|healthy again|(?<!panic )\brecovered\b|(?<!be )(?<!not )\bresolved\b|\bcleared\b"
    r"|不再|并未|已恢复|已解除",
    re.IGNORECASE,
)
"""Anywhere in a line: it tells that something is over, or never was."""


@lru_cache(maxsize=4096)
def subjects(text: str) -> tuple[str, ...]:
    """What a text is about, in the order of the table; a wording that is said not to be so does not count."""
    if DENIED_INSIDE.search(text):
        return ()
    return tuple(topic for topic, pattern in TOPICS.items() if _stated(pattern, text))


def _stated(pattern: re.Pattern[str], text: str) -> bool:
    return any(
        not DENIED_BEFORE.search(text[max(0, found.start() - 24) : found.start()]) for found in pattern.finditer(text)
    )

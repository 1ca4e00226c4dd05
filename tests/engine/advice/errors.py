"""Lists errors as runtimes, drivers and libraries print them, with the family each is of and what it names."""

JAVA_CHAIN = """jakarta.servlet.ServletException: Request processing failed
\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:897)
\tat com.acme.shop.Orders.all(Orders.java:42)
Caused by: java.lang.RuntimeException: cannot load orders
\tat com.acme.shop.Store.load(Store.java:12)
Caused by: java.net.ConnectException: Connection refused
\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)
\t... 38 more"""

JAVA_HELPFUL = """could not place order
java.lang.NullPointerException: Cannot invoke "com.acme.User.name()" because "<local1>.user" is null
\tat com.acme.shop.OrderService.place(OrderService.java:87)"""

PYTHON_CHAIN = """Traceback (most recent call last):
  File "/srv/shop/rates.py", line 12, in rate
    return table[currency]
           ~~~~~^^^^^^^^^^
KeyError: 'currency'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/checkout.py", line 70, in pay
    raise Unpayable(currency)
shop.Unpayable: timed out"""

PYTHON_UNIQUE = """failed
Traceback (most recent call last):
  File "/srv/shop/orders.py", line 31, in save
    cursor.execute(sql)
psycopg2.errors.UniqueViolation: duplicate key value violates unique constraint "orders_pkey"
DETAIL:  Key (id)=(17) already exists.
"""

GO_PANIC = """panic: runtime error: index out of range [5] with length 3

goroutine 34 [running]:
main.main()
\t/src/cmd/main.go:31 +0x85"""

GO_TWICE = """panic: runtime error: invalid memory address or nil pointer dereference [recovered]
\tpanic: boom
[signal SIGSEGV: segmentation violation code=0x1]
goroutine 1 [running]:"""

RUST = """thread 'main' panicked at src/cart.rs:5:10:
index out of bounds: the len is 3 but the index is 7
note: run with `RUST_BACKTRACE=1`"""

RUST_OLD = "thread 'main' panicked at 'called `Option::unwrap()` on a `None` value', src/main.rs:4:37"

ANYHOW = """Error: could not load rates

Caused by:
    0: could not read the file
    1: No such file or directory (os error 2)"""

DOTNET_CHAIN = """System.Net.Http.HttpRequestException: An error occurred while sending the request.
 ---> System.Net.Sockets.SocketException (111): Connection refused
   at System.Net.Sockets.Socket.Connect(EndPoint remoteEP)
   --- End of inner exception stack trace ---
   at Acme.Shop.Orders.Place(Order order) in /src/Shop/Orders.cs:line 44"""

NODE_CAUSE = """Error: could not charge
    at charge (/app/src/charge.js:12:9) {
  [cause]: TypeError: Cannot read properties of undefined (reading 'amount')
      at total (/app/src/total.js:3:14)
}"""

RUBY_NIL = """app/models/order.rb:31:in `total': undefined method `amount' for nil:NilClass (NoMethodError)
\tfrom app/models/cart.rb:9:in `sum'"""

PHP_NULL = """PHP Fatal error:  Uncaught Error: Call to a member function total() on null in /app/src/Order.php:27
Stack trace:
#0 /app/src/Cart.php(12): Order->sum()"""

KNOWN: tuple[tuple[str, str, dict[str, str]], ...] = (
    # Python
    ("AttributeError: 'NoneType' object has no attribute 'amount'", "missing_value", {"member": "amount"}),
    ("TypeError: 'NoneType' object is not subscriptable", "missing_value", {}),
    (PYTHON_CHAIN, "missing_key", {"name": "currency"}),
    ("AttributeError: 'Order' object has no attribute 'totl'", "missing_member", {"name": "totl"}),
    ("NameError: name 'taxes' is not defined", "missing_member", {"name": "taxes"}),
    ("IndexError: list index out of range", "index", {}),
    ("ValueError: invalid literal for int() with base 10: '12,50'", "conversion", {}),
    ("json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)", "conversion", {}),
    ("ZeroDivisionError: division by zero", "zero", {}),
    ("TypeError: unsupported operand type(s) for +: 'int' and 'str'", "wrong_type", {}),
    (
        "FileNotFoundError: [Errno 2] No such file or directory: '/etc/shop/rates.json'",
        "missing_file",
        {"name": "rates.json"},
    ),
    ("ModuleNotFoundError: No module named 'yaml'", "missing_module", {"name": "yaml"}),
    ("PermissionError: [Errno 13] Permission denied: '/var/lib/shop'", "denied", {"name": "shop"}),
    (
        "requests.exceptions.ConnectionError: HTTPConnectionPool(host='rates', port=80): Max retries exceeded with url:"
        " / (Caused by NewConnectionError('<x>: Failed to establish a new connection: [Errno 111] Connection"
        " refused'))",
        "unreachable",
        {"name": "rates"},
    ),
    (
        "requests.exceptions.ReadTimeout: HTTPConnectionPool(host='rates', port=80): Read timed out. (read timeout=3)",
        "timeout",
        {"name": "rates"},
    ),
    (
        "sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30",
        "exhausted",
        {},
    ),
    ("OSError: [Errno 24] Too many open files: '/tmp/x'", "exhausted", {}),
    ("RecursionError: maximum recursion depth exceeded", "recursion", {}),
    ("MemoryError", "memory", {}),
    ("RuntimeError: dictionary changed size during iteration", "concurrent_use", {}),
    (PYTHON_UNIQUE, "constraint", {"name": "orders_pkey"}),
    ('psycopg2.errors.UndefinedColumn: column "vat" does not exist', "schema", {"name": "vat"}),
    (
        "psycopg2.errors.ReadOnlySqlTransaction: cannot execute INSERT in a read-only transaction",
        "read_only",
        {},
    ),
    ("AssertionError: total must not be negative", "refused_state", {}),
    ("NotImplementedError", "unsupported", {}),
    # Java and Kotlin
    (JAVA_CHAIN, "unreachable", {}),
    (JAVA_HELPFUL, "missing_value", {"name": "user"}),
    ("java.lang.NullPointerException", "missing_value", {}),
    (
        'java.lang.NullPointerException: Cannot invoke "A.b()" because the return value of "com.acme.Cart.user()" is'
        " null",
        "missing_value",
        {"name": "com.acme.Cart.user"},
    ),
    (
        "kotlin.UninitializedPropertyAccessException: lateinit property cart has not been initialized",
        "missing_value",
        {"name": "cart"},
    ),
    (
        "java.lang.ArrayIndexOutOfBoundsException: Index 5 out of bounds for length 3",
        "index",
        {"name": "5", "length": "3"},
    ),
    ('java.lang.NumberFormatException: For input string: "4111 1111"', "conversion", {}),
    (
        "java.lang.ClassCastException: class com.acme.Old cannot be cast to class com.acme.New (in module app)",
        "wrong_type",
        {"got": "com.acme.Old", "wanted": "com.acme.New"},
    ),
    (
        "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after"
        " 30000ms.",
        "exhausted",
        {},
    ),
    ("java.lang.OutOfMemoryError: Java heap space", "memory", {}),
    ("java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory", "exhausted", {}),
    ("java.util.ConcurrentModificationException: null", "concurrent_use", {}),
    ("java.net.UnknownHostException: rates.internal", "unreachable", {"name": "rates.internal"}),
    ("com.mysql.jdbc.MySQLTransactionRollbackException: Deadlock found when trying to get lock", "contention", {}),
    ("java.lang.IllegalStateException: order is closed", "refused_state", {}),
    # Go
    (GO_PANIC, "index", {"name": "5", "length": "3"}),
    (GO_TWICE, "missing_value", {}),
    ("pay: load order: dial tcp 10.0.0.7:5432: connect: connection refused", "unreachable", {"name": "10.0.0.7"}),
    (
        "failed to parse rates: open /etc/shop/rates.json: no such file or directory",
        "missing_file",
        {"name": "rates.json"},
    ),
    ('Get "http://rates.internal/v1": context deadline exceeded', "timeout", {"name": "rates.internal"}),
    (
        "json: cannot unmarshal string into Go struct field Order.amount of type int",
        "conversion",
        {"name": "Order.amount"},
    ),
    (
        "panic: interface conversion: interface {} is string, not int",
        "wrong_type",
        {"got": "string", "wanted": "int"},
    ),
    ("fatal error: concurrent map writes", "concurrent_use", {}),
    ("rpc error: code = ResourceExhausted desc = over the limit", "limited", {}),
    # JavaScript and TypeScript
    (NODE_CAUSE, "missing_value", {"member": "amount"}),
    ("TypeError: cart.totl is not a function", "missing_member", {"name": "cart.totl"}),
    ("SyntaxError: Unexpected token '<', \"<!DOCTYPE \"... is not valid JSON", "conversion", {}),
    ("Error: connect ECONNREFUSED 10.0.0.9:6379", "unreachable", {"name": "10.0.0.9"}),
    ("RangeError: Maximum call stack size exceeded", "recursion", {}),
    # C#
    (DOTNET_CHAIN, "unreachable", {}),
    ("System.ArgumentNullException: Value cannot be null. (Parameter 'order')", "missing_value", {"name": "order"}),
    (
        "System.Collections.Generic.KeyNotFoundException: The given key 'EUR' was not present in the dictionary.",
        "missing_key",
        {"name": "EUR"},
    ),
    ("System.InvalidOperationException: Sequence contains no elements", "index", {}),
    # Ruby
    (RUBY_NIL, "missing_value", {"member": "amount"}),
    ("KeyError: key not found: :currency", "missing_key", {"name": "currency"}),
    # PHP
    (PHP_NULL, "missing_value", {"member": "total"}),
    ('ErrorException: Undefined array key "currency"', "missing_key", {"name": "currency"}),
    # Rust
    (RUST, "index", {"name": "7", "length": "3"}),
    (RUST_OLD, "missing_value", {}),
    (ANYHOW, "missing_file", {}),
)

UNKNOWN = (
    "",
    "pay.pool.Exhausted: 6",
    "TypeError: fetch failed",
    "TypeError: charge() takes 2 positional arguments but 3 were given",
    "RuntimeError: Event loop is closed",
    "ValueError: amount has to be positive",
    "java.lang.RuntimeException: order 17 was refused by the bank",
    "panic: boom",
    "Error: write EPIPE",
    "java.lang.NoClassDefFoundError: Could not initialize class com.acme.Rates",
    "the wall clock struck two",
    # What business says in words that runtimes use as well.
    "ValueError: tax rate is not defined for EU",
    "ValueError: coordinate out of bounds",
    "ValueError: duplicate key in basket.yaml",
    "xml.parsers.expat.ExpatError: not well-formed (invalid token): line 1, column 0",
    # What no code mends.
    "OSError: [Errno 30] Read-only file system: 'x'",
    "OSError: [Errno 28] No space left on device",
    "SyntaxError: invalid syntax",
)

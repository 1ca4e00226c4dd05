"""Checks that stacks of every language lead to file and line of the service's own code, and that none is invented."""

from datetime import timedelta

import pytest

from engine.diagnosis.stacks import LONGEST_PLACE, joined, origin
from engine.model import LogLine
from tests.engine.diagnosis.scenes import BEGIN, Scene

JAVA = """could not place order
java.lang.IllegalStateException: boom
\tat java.base/java.util.HashMap.put(HashMap.java:607)
\tat com.acme.shop.service.OrderService.place(OrderService.java:87)
\tat com.acme.shop.web.OrderController.post(OrderController.java:31)
\tat org.springframework.web.servlet.FrameworkServlet.service(FrameworkServlet.java:897)"""

CAUSED = """org.springframework.dao.DataAccessException: Unable to acquire JDBC Connection
\tat org.springframework.orm.jpa.Dialect.convert(Dialect.java:295)
\tat com.acme.shop.service.Orders.all(Orders.java:42)
Caused by: java.sql.SQLTransientConnectionException: pool
\tat com.zaxxer.hikari.pool.HikariPool.getConnection(HikariPool.java:179)
\t... 38 common frames omitted"""

PYTHON = """Traceback (most recent call last):
  File "/usr/lib/python3.12/site-packages/flask/app.py", line 1473, in wsgi_app
    response = self.full_dispatch_request()
  File "/srv/shop/checkout.py", line 58, in total
    return price["amount"]
  File "/usr/lib/python3.12/json/decoder.py", line 355, in raw_decode
KeyError: 'amount'"""

CHAINED = """Traceback (most recent call last):
  File "/srv/shop/rates.py", line 12, in rate
    return table[currency]
KeyError: 'EUR'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/shop/checkout.py", line 70, in pay
    raise Unpayable(currency)
shop.Unpayable: EUR"""

GO = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6b2]

goroutine 34 [running]:
runtime/debug.Stack()
\t/usr/local/go/src/runtime/debug/stack.go:24 +0x65
github.com/acme/shop/charge.(*Charge).read(0x0)
\t/src/services/charge/charge.go:118 +0x1d
main.main()
\t/src/cmd/main.go:31 +0x85"""

NODE = """TypeError: Cannot read properties of undefined (reading 'id')
    at Pool.acquire (/app/node_modules/pg-pool/index.js:142:15)
    at async Orders.read (/app/src/orders.js:89:22)
    at node:internal/process/task_queues:95:5"""

DOTNET = """System.NullReferenceException: Object reference not set
   at Acme.Shop.Orders.Place(Order order) in /src/Shop/Orders.cs:line 44
   at Microsoft.AspNetCore.Mvc.Run()"""

RUBY = """NoMethodError: undefined method `id'
/usr/local/bundle/gems/rack-3.0/lib/rack.rb:12:in `call'
/app/models/order.rb:31:in `total'"""

PHP = """PHP Fatal error: Uncaught TypeError
#0 /app/vendor/laravel/Pipeline.php(183): handle()
#1 /app/src/Order.php(27): Order->total()"""


@pytest.mark.parametrize(
    "text, place, function",
    [
        (JAVA, "com/acme/shop/service/OrderService.java:87", "place"),
        (CAUSED, "com/acme/shop/service/Orders.java:42", "all"),
        (PYTHON, "/srv/shop/checkout.py:58", "total"),
        (CHAINED, "/srv/shop/rates.py:12", "rate"),
        (GO, "/src/services/charge/charge.go:118", ""),
        (NODE, "/app/src/orders.js:89", "Orders.read"),
        (DOTNET, "/src/Shop/Orders.cs:44", "Place"),
        (RUBY, "/app/models/order.rb:31", "total"),
        (PHP, "/app/src/Order.php:27", "Order->total()"),
        ("panic: nil\nservices/pay/charge.go:118 Charge.read", "services/pay/charge.go:118", "Charge.read"),
        ("ERROR orders.py:31 cannot parse", "orders.py:31", ""),
    ],
)
def test_the_own_code_is_found(text: str, place: str, function: str) -> None:
    found = origin(text)
    assert found
    assert found.place == place
    assert found.function == function


@pytest.mark.parametrize(
    "text",
    [
        "pool exhausted at 12:31",
        "GET http://shop.example:8080/a took 3 s",
        "connect 10.0.0.1:5432 refused",
        "version 1.2.3:4 loaded",
        "\tat org.springframework.web.Servlet.service(Servlet.java:897)",
        "",
        "at " * 3000,
    ],
)
def test_nothing_is_invented(text: str) -> None:
    assert origin(text) is None


def test_a_long_path_is_cut_from_the_left() -> None:
    found = origin("File a/" + "b/" * 300 + "orders.py:31")
    assert found is None or len(found.place) <= LONGEST_PLACE + 4


def line(text: str, seconds: float = 0.0, service: str = "till") -> LogLine:
    return LogLine(at=BEGIN + timedelta(seconds=seconds), service=service, level="", message=text)


def test_what_a_shipper_cut_into_lines_is_one_message_again() -> None:
    cut = [line(part, place / 1000) for place, part in enumerate(JAVA.split("\n")[1:])]
    other = [line("  at home", 0.001, service="shop"), line("paid", 0.9)]
    whole = joined([*cut, *other])
    assert [each.message.count("\n") for each in whole] == [4, 0, 0]
    assert [each.message.count("\n") for each in joined([line(p) for p in PYTHON.split("\n")])] == [6]


def test_what_comes_later_is_another_message() -> None:
    assert len(joined([line("boom"), line("\tat a.B.c(B.java:1)", 5.0)])) == 2


def test_evidence_names_file_and_line() -> None:
    scene = Scene().says(JAVA, 6)
    (found,) = [each for each in scene.evidence() if each.abnormal]
    assert found.summary.word == "evidence.log.new_at"
    assert found.summary.values["place"] == "com/acme/shop/service/OrderService.java:87"
    assert found.excerpt[-1] == "com/acme/shop/service/OrderService.java:87 place"
    assert found.details["origin"]["line"] == 87

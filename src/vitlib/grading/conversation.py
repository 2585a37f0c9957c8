"""Who asks whom: both ends ask, answer, and lend each other functions.

While an end waits for its answer, it serves what the other one asks: a check may
hand functions to an answer, and the answer calls them back.
"""

import builtins

from vitlib.grading.wire import Broken, Cut, identifier, pack, unpack

MAX_NESTED, MAX_TEXT = 40, 2000


class Raised(Exception):
    """An error at the other end, which keeps the original under `number`.

    `kind` is the name of its class there.
    """

    def __init__(self, kind, text, number=None):
        super().__init__(text)
        self.kind, self.text, self.number = kind, text, number

    def __str__(self):
        return self.text


def raised(kind, text, number=None):
    """A `Raised` that `except ValueError` or `except KeyError` catches, too."""
    kind = identifier(kind)
    base = getattr(builtins, kind, Exception)
    if not (isinstance(base, type) and issubclass(base, Exception)):
        base = Exception
    try:
        return type(kind, (Raised, base), {})(kind, text, number)
    except TypeError:  # a class that wants other arguments, such as UnicodeError's
        return type(kind, (Raised,), {})(kind, text, number)


class Borrowed:
    """A function of the other end: calling it asks there."""

    def __init__(self, peer, number):
        self._peer, self._number = peer, number

    def __call__(self, *args, **kwargs):
        return self._peer.ask("call", [args, kwargs], function=self._number)


class Peer:
    """One end of the conversation.

    Args:
        channel: where messages come and go.
    """

    served = Exception  # what goes back as an error, not up

    def __init__(self, channel):
        self.channel = channel
        self.deadline = None
        self._asked = self._nested = 0
        self.forget()

    def forget(self):
        """Take back the functions that were lent."""
        self._lent, self._numbers, self._errors = {}, {}, []

    def ask(self, what, value=None, **fields):
        """Ask the other end, and serve it until the answer is there.

        Raises:
            Raised: the other end raised an error.
            Cut: it gave no answer.
        """
        self._asked += 1
        number = self._asked
        head, body = pack(value, self._lend)
        message = {"ask": what, "number": number, "value": head, **fields}
        self.channel.send(message, body, self.deadline)
        while True:
            head, body = self.channel.receive(self.deadline)
            if "ask" in head:
                self.serve(head, body)
            elif head.get("answer") == number:
                return self._result(head, body)
            else:
                raise Broken("an answer to no question")

    def serve(self, head, body):
        """Do what the other end asks, and answer."""
        number = head.get("number")
        value = unpack(head.get("value"), body, self._borrow)
        self._nested += 1
        try:
            if self._nested > MAX_NESTED:
                raise RecursionError(f"calls are nested more than {MAX_NESTED} deep")
            found, content = pack(self.do(head, value), self._lend)
            reply = {"answer": number, "value": found}
            self.channel.send(reply, content, self.deadline)
        except Cut:
            raise
        except self.served as error:
            reply = {"answer": number, "error": self._told(error)}
            self.channel.send(reply, b"", self.deadline)
        finally:
            self._nested -= 1

    def do(self, head, value):
        """What this end can be asked: to call a function that it lent."""
        if head["ask"] != "call":
            raise Broken(f"asked for {head['ask']!r}")
        try:
            function = self._lent[head["function"]]
            args, kwargs = value
        except (KeyError, TypeError, ValueError):
            raise LookupError("this function was lent for an earlier call") from None
        return function(*args, **kwargs)

    def _lend(self, function):
        if isinstance(function, Borrowed) and function._peer is self:
            return ["r", function._number]
        if id(function) not in self._numbers:
            self._numbers[id(function)] = len(self._lent)
            self._lent[len(self._lent)] = function
        return ["f", self._numbers[id(function)]]

    def _borrow(self, tag, number):
        if type(number) is not int:
            raise TypeError("a function without a number")
        if tag == "f":
            return Borrowed(self, number)
        if tag == "r":
            return self._lent[number]
        raise KeyError(tag)

    def _told(self, error):
        """An error as [kind, text, whose it is, its number there]."""
        if isinstance(error, Raised):
            owner, number = "receiver", error.number
        else:
            owner, number = "sender", self._keep(error)
        kind = getattr(error, "kind", type(error).__name__)
        try:
            text = str(error)[:MAX_TEXT]
        except Exception:  # a class whose text cannot be had
            text = ""
        return [str(kind), text, owner, number]

    def _keep(self, error):
        self._errors.append(error)
        return len(self._errors) - 1

    def _result(self, head, body):
        if "error" not in head:
            return unpack(head.get("value"), body, self._borrow)
        try:
            kind, text, owner, number = head["error"]
        except (TypeError, ValueError):
            raise Broken("an error that is none") from None
        if owner == "receiver" and type(number) is int:
            if not 0 <= number < len(self._errors):
                raise Broken("an error that was never sent")
            raise self._errors[number]
        raise raised(kind, str(text)[:MAX_TEXT], number)

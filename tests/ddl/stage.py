"""A world, with the moves that schedules are made of."""

from __future__ import annotations

from .world import World, keeping_all, leader_name


class Stage(World):
    """Every state on the way is checked."""

    def run(self, upto: str = "", *, majority: bool = True) -> None:
        """The leader's steps until it is there, or as far as they go; the majority follows, or not."""
        for _ in range(100):
            if upto in {self.at, self.stage}:
                return
            if not (self.step() or (majority and self.advance(self.end))):
                return
            self.check()

    @property
    def at(self) -> str:
        leader = self.members[leader_name(self)].leader
        return "idle" if leader is None or leader.job is None else leader.job.at

    def follow(self, name: str) -> None:
        while self.apply(name) or self.validate(name):
            self.check()

    def restart(self, name: str) -> None:
        assert self.crash(name, keeping_all)
        self.check()

    def take_over(self, name: str, upto: int | None = None) -> None:
        """The next leader, with what is on a majority and no more, until it serves."""
        assert self.elect(name, self.majority if upto is None else upto)
        self.lead(name)

    def lead(self, name: str) -> None:
        self.establish()
        self.follow(name)
        self.run("serving")

    def made(self, name: str = "a") -> None:
        """A table, on both nodes."""
        assert self.statement("create", name)
        self.run()
        self.follow("n2")

    def late(self) -> None:
        for name in self.members:
            self.late_call(name)
        self.check()

"""What travels between the steps: frozen records whose id is the hash of what defines them.

`SourceTask` → `EnvironmentIdea` → `EnvironmentPlan` → `Environment` → `Scenario` → `Trajectory`.
What is said *about* a record (`Inspection`, `Certificate`, `Provenance`) is a record of its own,
keyed by that id, so that judging again never renames what is judged. Records are built from
JSON values only; equal fields give equal ids on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from .state import Json, Path, digest


class Part(BaseModel):
    """A frozen piece of a record, without an id of its own."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)


class Record(Part):
    """A frozen record with a content id such as `env_1f0c…` (prefix and 16 hexadecimal digits)."""

    prefix: ClassVar[str]

    @cached_property
    def id(self) -> str:
        return f"{self.prefix}_{digest(self.model_dump(mode='json'))[:16]}"

    def model_copy(self, *, update: Mapping[str, Json] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed, and so with an id of its own."""
        copied = super().model_copy(update=update, deep=deep)
        copied.__dict__.pop("id", None)  # pydantic copies what is cached too
        return copied


# ------------------------------------------------------------------ tasks, ideas


class SourceTask(Record):
    """A task text as it was found."""

    prefix: ClassVar[str] = "task"
    text: str = Field(min_length=1)
    origin: str = ""
    """Where it was found: file name and row."""


class EnvironmentIdea(Record):
    """A domain environment that would let agents carry out its tasks."""

    prefix: ClassVar[str] = "idea"
    summary: str
    introduction: str
    usefulness: int = Field(ge=1, le=10)
    modelability: int = Field(ge=1, le=10)
    tasks: tuple[SourceTask, ...]


# ------------------------------------------------------------------ plans

ValueType = Literal[
    "str",
    "int",
    "float",
    "bool",
    "date",
    "datetime",
    "list[str]",
    "list[int]",
    "list[dict]",
    "dict",
]
"""Types of state values and parameters; `date` and `datetime` are ISO 8601 strings."""


class Attribute(Part):
    """A field of an entity, or a single value of the state."""

    name: str
    type: ValueType
    description: str = ""
    values: tuple[str, ...] = ()
    """The allowed values of an enumeration; empty when any value of the type is allowed."""
    references: str | None = None
    """The entity whose key this holds."""
    optional: bool = False
    """Whether None is allowed."""


class Entity(Part):
    """A kind of record: state attribute `collection` maps each key to a dict of the attributes."""

    name: str
    collection: str
    key: str
    """The attribute that repeats the record's key; always a string."""
    attributes: tuple[Attribute, ...]
    description: str = ""


class BusinessRule(Part):
    """A rule of the domain that the operations must keep."""

    id: str
    text: str
    depends: tuple[str, ...] = ()
    """The facts it speaks of: `Entity.attribute`, or the name of a scalar."""


class Parameter(Part):
    """A parameter of an operation."""

    name: str
    type: ValueType
    description: str = ""
    values: tuple[str, ...] = ()
    references: str | None = None
    """The entity whose key this holds, or whose keys it lists."""
    required: bool = True


class Operation(Part):
    """A tool to be: a query leaves the state alone, a change may write it."""

    name: str
    kind: Literal["query", "change"]
    description: str
    parameters: tuple[Parameter, ...] = ()
    returns: tuple[str, ...] = ()
    """Keys of the `data` of a success; an entity's name stands for all its attributes."""
    many: bool = False
    """Whether `data` is a list of such objects."""
    writes: tuple[str, ...] = ()
    """What a success may change: `Entity.attribute`, `Entity` (records come or go) or a scalar."""
    errors: tuple[str, ...] = ()
    """When it refuses, one `code: clause` each; the text of the error begins with the code."""
    rules: tuple[str, ...] = ()
    """Ids of the business rules it must keep."""
    refusal_effects: tuple[str, ...] = ()
    """State attributes that a refused call may still write (an attempt counter, say)."""


class EnvironmentPlan(Record):
    """Everything the class must do, in a form that a machine can check."""

    prefix: ClassVar[str] = "plan"
    class_name: str
    summary: str
    introduction: str
    entities: tuple[Entity, ...]
    scalars: tuple[Attribute, ...] = ()
    """State that is no collection: the current time, counters that number new records."""
    rules: tuple[BusinessRule, ...]
    operations: tuple[Operation, ...]


# ------------------------------------------------------------------ environments


class ToolSpec(Part):
    """A callable tool: name, description and the JSON Schema of its arguments object."""

    name: str
    description: str
    parameters: dict[str, Json]

    def openai(self) -> dict[str, Json]:
        """The form that chat endpoints take."""
        return {"type": "function", "function": self.model_dump(mode="json")}


class Environment(Record):
    """A stateful class and the plan it was written from."""

    prefix: ClassVar[str] = "env"
    plan: EnvironmentPlan
    class_name: str
    source: str
    tools: tuple[ToolSpec, ...]


class Finding(Part):
    """A fault that a gate found, worded so that the generating model can mend it."""

    gate: str
    where: str
    """The tool, attribute, rule, call or path at fault."""
    message: str
    """What was given, what was expected, what to do."""

    def __str__(self) -> str:
        return f"[{self.gate}] {self.where}: {self.message}"


class Call(Part):
    """A tool call with its final arguments."""

    tool: str
    arguments: dict[str, Json] = Field(default_factory=dict)


class Expectation(Part):
    """What a call must come to, worked out from plan and state before it is run."""

    expect: Literal["ok", "refused", "open"]
    """`open`: nothing is demanded, since those who worked it out did not agree."""
    error: str = ""
    """The code that the error of a refusal begins with; empty when any will do."""
    changes: dict[str, Json] = Field(default_factory=dict)
    """Places of the state (`loans.L7.status`, `next_loan`) and their values after the call; a
    record (`loans.L7`) that is gone is null."""
    frame: tuple[str, ...] = ()
    """Further records and scalars that may change (`loans.L7`); all others must not."""
    data: Json = None
    """What the result's `data` must hold: these keys of an object; of a list, as many items, each
    with these keys. None demands nothing."""
    ordered: bool = False
    """Whether the items of a list come in this order, and not in any."""


class TestCall(Expectation):
    """A call proposed to test a class."""

    __test__: ClassVar[bool] = False  # pytest: this is no test
    before: tuple[Call, ...] = ()
    """Calls that bring about what the state lacks; they must succeed and are not judged."""
    tool: str
    arguments: dict[str, Json] = Field(default_factory=dict)
    rule: str | None = None
    """The business rule that the call keeps (ok) or violates (refused)."""


class Judgement(Part):
    """What the judging agent says of one executed test call."""

    call: int
    """The number of the call, from 1."""
    verdict: Literal["pass", "warning", "fail"]
    reason: str = ""


class Inspection(Part):
    """How a class fared: keyed by environment id and grader version."""

    environment: str
    grader: str
    state: dict[str, Json] = Field(default_factory=dict)
    """The initial state that each test call starts from."""
    findings: tuple[Finding, ...] = ()
    """Of the gates; in an admitted class doubts that the judge let pass."""
    calls: tuple[TestCall, ...] = ()
    judgements: tuple[Judgement, ...] = ()
    """Of the calls that failed or got a warning; the others passed."""
    overruled: tuple[int, ...] = ()
    """Calls, numbered from 1, whose expectation the class did not meet and the judge let pass."""
    probes: int = 0
    """Executed deterministic probes."""
    repairs: int = 0
    pass_rate: float | None = None
    """(pass + warning) / judged calls; None before the agents have judged."""
    untested_tools: tuple[str, ...] = ()
    rules_tested: int = 0
    """Rules with a violating call that was refused and a legal call that passed."""
    untested_rules: tuple[str, ...] = ()
    admitted: bool = False


# ------------------------------------------------------------------ scenarios


class PlannedCall(Part):
    """A call of a reference plan.

    Arguments may refer to earlier calls by their number: `$2.data.unit_id`, `$2.data[0].unit_id`,
    `$2.data[name=Ada].unit_id`, or `$2.new.rentals`, the key that call 2 added to a collection.
    """

    n: int = Field(ge=1)
    tool: str
    arguments: dict[str, Json] = Field(default_factory=dict)
    expect: Literal["ok", "refused"] = "ok"


class Solution(Part):
    """A reference solution: the plan with references, and the calls it resolved to."""

    plan: tuple[PlannedCall, ...]
    calls: tuple[Call, ...]


class UserProfile(Part):
    """The simulated user of a conversational scenario."""

    knows: str
    wants: str
    hides: str = ""


class Loosening(Part):
    """A rule that is evaluated in place of equality at one path."""

    kind: Literal["text", "one_of", "between", "shape"]
    """`text`: a non-empty string that holds every word of `values`; `one_of`: equal to one of
    `values`; `between`: a number or ISO date within `values` (lowest, highest), inclusive;
    `shape`: a string that fits the pattern in `values` (0 digit, a lower-case or hexadecimal
    letter, A capital, every other character itself)."""
    values: tuple[Json, ...] = ()


class Change(Part):
    """One place where an accepted end state differs from the initial state."""

    path: Path
    kind: Literal["add", "remove", "set", "keep"]
    """`keep`: touched on the way and brought back; it must end as it began."""
    value: Json = None
    goal: int = Field(ge=0)
    """Index of the goal that the change belongs to."""
    made: bool = False
    """Whether the last key of the path was made by the system, and so is bound by content."""
    loose: dict[str, Loosening] = Field(default_factory=dict)
    """Rules by sub-path inside the value (keys joined by "."; "" is the value itself)."""


class Outcome(Part):
    """One accepted end state, as its changes from the initial state."""

    changes: tuple[Change, ...]
    calls: tuple[Call, ...]
    """The executed calls that led there: the proof that it is reachable."""


class ReferenceGuard(Part):
    """Every non-null `attribute` in `collection` must be a key of `target`, before and after."""

    text: str
    collection: str
    attribute: str
    target: str


class Checks(Part):
    """What is rewarded: reward = (goals true / goals) × [all guards] × [frame].

    The outcome that gives the highest reward counts. Frame: whatever no change of the outcome
    names stays as it was in the initial state.
    """

    goals: tuple[str, ...]
    """One sentence each; which changes they own stands with the changes."""
    outcomes: tuple[Outcome, ...]
    guards: tuple[ReferenceGuard, ...] = ()
    answer: Json = None
    """The expected answer of a further goal, the last one; None when nothing is asked."""


class Scenario(Record):
    """A task in a state of an environment, with its executed solutions and its checks."""

    prefix: ClassVar[str] = "scn"
    environment: str
    initial_state: dict[str, Json]
    task: str
    user: UserProfile | None = None
    solutions: tuple[Solution, ...]
    checks: Checks


class Evidence(Part):
    """One row of a certificate: what was tried and whether it held."""

    demand: str
    holds: bool
    tried: int = 0
    held: int = 0
    failures: tuple[str, ...] = ()
    """The first failures, in words."""


class Certificate(Part):
    """The proof of a scenario: keyed by scenario id and grader version."""

    scenario: str
    grader: str
    rows: tuple[Evidence, ...]
    state_hashes: tuple[str, ...]
    """Of the initial state and after each call of the first reference solution."""

    @property
    def holds(self) -> bool:
        return bool(self.rows) and all(row.holds for row in self.rows)


class Difficulty(Part):
    """Structural difficulty of a scenario."""

    scenario: str
    calls: int
    tools: int
    writes: int
    goals: int
    refusals: int
    outcomes: int


# ------------------------------------------------------------------ trajectories


Status = Literal["ok", "refused", "invalid", "error"]
"""How a call ended; `invalid`: unknown tool or arguments, `error`: exception or broken limit."""
Ending = Literal["submitted", "stopped", "turn limit", "model failed"]
"""How an episode ended."""


class Step(Part):
    """One executed call of an episode."""

    tool: str
    arguments: Json
    status: Status
    result: Json
    state_hash: str
    """After the call."""
    changes: tuple[tuple[Path, str, Json, Json], ...] = ()
    """(path, kind, old, new) for each place the call changed."""


class Score(Part):
    """A reward with its parts; `reward` is None when a check crashed and the episode is masked."""

    reward: float | None = Field(default=None, ge=0, le=1)
    goals: tuple[bool, ...] = ()
    guards: bool = True
    frame: bool = True
    error: str = ""


class Trajectory(Record):
    """An episode of an agent in a scenario."""

    prefix: ClassVar[str] = "traj"
    scenario: str
    agent: str
    messages: tuple[dict[str, Json], ...]
    steps: tuple[Step, ...]
    answer: Json = None
    score: Score
    ended: Ending


class Provenance(Part):
    """Who made a record, and what it cost: keyed by the record's id."""

    record: str
    program: str
    model: str
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

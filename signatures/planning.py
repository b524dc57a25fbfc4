"""From an idea to a plan that a machine can check."""

from __future__ import annotations

import dspy

from ..runtime.records import Attribute, BusinessRule, Entity, Operation


class PlanEnvironment(dspy.Signature):
    """Plan a stateful environment: its entities, business rules and operations (the agent's tools).

    - Be compact: telling names, descriptions of a few words and only where they add something.
    - Each entity is a collection of records keyed by a string id; `references` names the entity
      whose key an attribute holds. Prefer few entities with telling attributes and enumerations.
      A key's description shows the form of the ids and names the counter that numbers new ones.
    - The state never depends on the real clock or on chance: put the current date or time and the
      counters that number new records into `scalars`.
    - Rules restrict what the operations may do (limits, states, eligibility, consistency of
      amounts): each one condition or a few that belong together, precise enough to test with one
      call, with numbers. They speak of the data only, not of users' intentions.
    - Operations are what a member of staff or a user of the system would call. Every entity can be
      looked up, and found by a human description (name, status, date) and not only by id; every
      attribute that a rule depends on can be changed. Queries change nothing. An operation lists
      its refusals in `errors` and the ids of the rules it must keep in `rules`; every rule belongs
      to at least one operation. Parameters hold ids, numbers, dates, texts or lists of them; say
      what an optional one that is left out means.
    """

    summary: str = dspy.InputField()
    introduction: str = dspy.InputField()
    tasks: list[str] = dspy.InputField(desc="texts of the kind that agents will be given")
    size: str = dspy.InputField(desc="how many operations and rules are wanted")
    class_name: str = dspy.OutputField(desc="PascalCase")
    entities: list[Entity] = dspy.OutputField()
    scalars: list[Attribute] = dspy.OutputField()
    rules: list[BusinessRule] = dspy.OutputField(desc="ids R1, R2, …")
    operations: list[Operation] = dspy.OutputField()


class RepairPlan(dspy.Signature):
    """Mend the plan of an environment: return all of it with every listed problem solved.

    Change nothing that has no problem.
    """

    plan: str = dspy.InputField()
    problems: list[str] = dspy.InputField()
    class_name: str = dspy.OutputField(desc="PascalCase")
    entities: list[Entity] = dspy.OutputField()
    scalars: list[Attribute] = dspy.OutputField()
    rules: list[BusinessRule] = dspy.OutputField()
    operations: list[Operation] = dspy.OutputField()

"""Episodes: an agent's calls in a scenario, as they become a trajectory."""

from __future__ import annotations

import json

from .checks import Grader
from .errors import GeneratedCodeError
from .records import Call, Ending, Environment, Scenario, Score, Step, Trajectory
from .sandbox import Call as SealedCall
from .sandbox import Pool, Reply
from .scenarios.execution import made_step
from .state import Json
from .tools import SUBMIT, Toolset


class Episode:
    """One run of a scenario in a sealed instance: tool calls in, observations and a reward out.

    A call that cannot be made is an observation like any other; it never ends the episode.
    """

    def __init__(
        self, pool: Pool, environment: Environment, scenario: Scenario, seed: int = 0
    ) -> None:
        self.environment, self.scenario = environment, scenario
        self._tools = Toolset(environment.tools)
        self._sealed = pool.shared(environment.source, environment.class_name)
        (self._instance,) = self._sealed.create([scenario.initial_state], seed=seed)
        self.state: dict[str, Json] = scenario.initial_state
        self.steps: list[Step] = []
        self._called = 0
        self.messages: list[dict[str, Json]] = [
            {"role": "system", "content": system_prompt(environment)},
            {"role": "user", "content": scenario.task},
        ]
        self.answer: Json = None
        self.submitted = False

    def turn(self, content: str, calls: list[Call]) -> list[Step]:
        """Runs the calls of one agent's turn in order; those after `submit` are not run."""
        made: list[Step] = []
        ids = [f"call_{self._called + n}" for n in range(1, len(calls) + 1)]
        self._called += len(calls)
        self.messages.append(_assistant(content, calls, ids))
        for call, ident in zip(calls, ids, strict=True):
            if self.submitted:
                result: Json = {"success": False, "error": "the task has been submitted"}
            elif call.tool == SUBMIT.name:
                result = self._submit(call)
            else:
                made.append(self._step(call))
                result = made[-1].result
            self.messages.append(
                {"role": "tool", "tool_call_id": ident, "content": json.dumps(result)}
            )
        return made

    def _submit(self, call: Call) -> Json:
        objection = Toolset([SUBMIT]).objection(call.tool, call.arguments)
        if objection:
            return {"success": False, "error": objection}
        self.submitted, self.answer = True, call.arguments.get("answer")
        return {"success": True}

    def _step(self, call: Call) -> Step:
        objection = self._tools.objection(call.tool, call.arguments)
        reply, after = None, self.state
        if not objection:
            reply, after = self._executed(call)
        step = made_step(call, objection, reply, self.state, after)
        self.steps.append(step)
        self.state = after
        return step

    def _executed(self, call: Call) -> tuple[Reply, dict[str, Json]]:
        try:
            (reply,) = self._sealed.step([SealedCall(self._instance, call.tool, call.arguments)])
            return reply, self._sealed.snapshot([self._instance])[0].state
        except GeneratedCodeError as error:  # the class was given up; the state is as it was
            return Reply("killed", str(error)), self.state

    def score(self, grader: Grader) -> Score:
        """The reward of the state as it is now."""
        case = (self.scenario.initial_state, self.state, self.answer)
        return grader.scores(self.scenario.checks, [case])[0]

    def trajectory(self, agent: str, ended: Ending, grader: Grader) -> Trajectory:
        return Trajectory(
            scenario=self.scenario.id,
            agent=agent,
            messages=tuple(self.messages),
            steps=tuple(self.steps),
            answer=self.answer,
            score=self.score(grader),
            ended=ended,
        )

    def close(self) -> None:
        """Let go of the instance."""
        if not self._sealed.ended:
            self._sealed.drop([self._instance])

    def __enter__(self) -> Episode:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def system_prompt(environment: Environment) -> str:
    """What an agent is told of the environment: introduction and rules, nothing of the checks."""
    rules = "\n".join(f"- {rule.text}" for rule in environment.plan.rules)
    return (
        f"{environment.plan.introduction}\n\nRules:\n{rules}\n\n"
        "Carry out the user's task with the tools and do nothing beyond it. "
        f"When it is done, call `{SUBMIT.name}`."
    )


def _assistant(content: str, calls: list[Call], ids: list[str]) -> dict[str, Json]:
    message: dict[str, Json] = {"role": "assistant", "content": content}
    if calls:
        message["tool_calls"] = [
            {
                "id": ident,
                "type": "function",
                "function": {"name": call.tool, "arguments": json.dumps(call.arguments)},
            }
            for call, ident in zip(calls, ids, strict=True)
        ]
    return message


def reference_trajectory(
    pool: Pool, grader: Grader, environment: Environment, scenario: Scenario
) -> Trajectory:
    """The first reference solution as an episode, one call a turn."""
    with Episode(pool, environment, scenario) as episode:
        for call in scenario.solutions[0].calls:
            episode.turn("", [call])
        answer = Call(tool=SUBMIT.name, arguments={"answer": scenario.checks.answer})
        episode.turn("", [answer])
        return episode.trajectory("reference", "submitted", grader)

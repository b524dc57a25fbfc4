"""A clinic: patients on wards, and the nurses who look after them."""

from itertools import pairwise
from typing import Any

Record = dict[str, Any]


class Clinic:
    """A clinic that watches the readings of its patients."""

    def __init__(self, init_config: dict[str, Any]) -> None:
        self.patients: dict[str, Record] = init_config["patients"]
        self.nurses: dict[str, Record] = init_config["nurses"]
        self.readings: int = init_config["readings"]

    def get_patient(self, patient_id: str) -> dict[str, Any]:
        """Return a patient.

        Args:
            patient_id: The patient.
        """
        patient = self.patients.get(patient_id)
        if patient is None:
            return {"success": False, "error": f"There is no patient {patient_id!r}."}
        return {"success": True, "data": dict(patient)}

    def take_reading(self, patient_id: str, pulse: int, oxygen: int) -> dict[str, Any]:
        """Enter a reading of a patient.

        Args:
            patient_id: The patient.
            pulse: Beats a minute, from 20 to 250.
            oxygen: Saturation in percent, from 50 to 100.
        """
        patient = self.patients.get(patient_id)
        if patient is None:
            return {"success": False, "error": f"There is no patient {patient_id!r}."}
        if not 20 <= pulse <= 250 or not 50 <= oxygen <= 100:
            return {"success": False, "error": "The reading is out of range."}
        nurse = self.nurses[patient["nurse_id"]]
        pulses = [*patient["pulses"][1:], pulse]
        mean = sum(pulses) / len(pulses)
        jumps = [abs(after - before) for before, after in pairwise(pulses)]
        score = sum(step > 30 for step in jumps) + 2 * (oxygen < 92) + (not 50 <= mean <= 110)
        patient["pulses"] = pulses
        patient["oxygen"] = oxygen
        patient["score"] = score
        warned = score >= 3
        if warned:
            nurse["calls"] += 1
            patient["warnings"] += 1
        nurse["rounds"] += 1
        self.readings += 1
        return {
            "success": True,
            "data": {"patient_id": patient_id, "mean": round(mean, 1), "warned": warned},
        }

    def report_ward(self, floor: int, limit: int) -> dict[str, Any]:
        """Return the patients of a floor who need most care, the worst first.

        Args:
            floor: The lowest floor that counts.
            limit: The most patients to return.
        """
        found: list[tuple[float, str, str]] = []
        for patient in self.patients.values():
            if patient["floor"] < floor:
                continue
            nurse = self.nurses[patient["nurse_id"]]
            recent = patient["pulses"][-4:]
            swing = max(recent) - min(recent)
            need = patient["score"] + swing / 20 + (100 - patient["oxygen"]) / 4
            if nurse["on_duty"]:
                need -= 1
            found.append((round(need, 2), patient["patient_id"], nurse["name"]))
        found.sort(reverse=True)
        rows = [{"patient_id": key, "need": need, "nurse": name} for need, key, name in found]
        return {"success": True, "data": rows[:limit]}

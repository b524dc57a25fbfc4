"""The classes that are timed, written as generated ones are: their text is what workers load.

They are our own, so the baseline may run them in the host process too.
"""

from .clinic import Clinic
from .fleet import Fleet
from .shop import Shop
from .warehouse import Warehouse

__all__ = ["Clinic", "Fleet", "Shop", "Warehouse"]

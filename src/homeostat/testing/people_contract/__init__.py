"""The contract of people and their memories: what holds for every form of the companion's store."""

from homeostat.testing.people_contract.finding import FindingContract
from homeostat.testing.people_contract.histories import HistoriesContract
from homeostat.testing.people_contract.learned import LearnedContract
from homeostat.testing.people_contract.messages import MessagesContract
from homeostat.testing.people_contract.persons import PersonsContract

__all__ = ["PeopleContract"]


class PeopleContract(MessagesContract, FindingContract, LearnedContract, PersonsContract, HistoriesContract):
    """Subclass it with a fixture `people`: an empty store."""

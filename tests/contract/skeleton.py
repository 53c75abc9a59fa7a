"""`make family NAME=x`: the files of a new family with every method that is to be written."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path

from tests.contract.parts import FAMILIES, ROOT

INIT = '''"""The family {family}: whose API this is."""

HOMES = ()  # what the paths of its clients begin with
'''

MIRROR = '''"""What this family's wire carries of a task."""

from __future__ import annotations

from hypothesis import strategies as st

from relay.nouns.draft import Kind
from relay.nouns.task import Observation, Task
from tests.contract.mirror import Mirror


def carries(task: Task) -> Observation:
    raise NotImplementedError


MIRROR = Mirror(platform="", kinds=(Kind.IMAGE,), carries=carries, drafts=st.nothing())
'''

CLIENTS = '''"""How this family's clients ask, and how they are refused."""

from __future__ import annotations

from tests.contract.clients import Ask, Creation, Shape

SHAPES: tuple[Shape, ...] = ()
CREATIONS: tuple[Creation, ...] = ()
ASKS: tuple[Ask, ...] = ()
'''

PROVIDER = '''"""The provider of the family {family}."""

from __future__ import annotations

from relay.families.provider import Api, Job, Order, Provider, Step
from relay.nouns.task import Observation
from relay.nouns.wire import Answer, Call


def write_submit(order: Order) -> Call:
    raise NotImplementedError


def read_submit(answer: Answer, order: Order) -> Observation | Step:
    raise NotImplementedError


def write_query(job: Job) -> Call:
    raise NotImplementedError


def read_query(answer: Answer) -> Observation:
    raise NotImplementedError


class {name}(Provider):
    family = "{family}"


PROVIDER = {name}({{"": Api(write_submit, read_submit, write_query, read_query, carries={{}})}})
'''


def write(family: str, root: Path = ROOT) -> list[Path]:
    """Writes what is not there yet, and says which files those are."""
    own = root / FAMILIES / family
    files = {
        own / "__init__.py": INIT.format(family=family),
        own / "words.py": f'"""Constants that both sides of the family {family} use."""\n',
        own / "dialect.py": _dialect(family),
        own / "provider.py": PROVIDER.format(family=family, name=f"{family.title()}Provider"),
        root / "tests/fixtures" / family / "mirror.py": MIRROR,
        root / "tests/fixtures" / family / "clients.py": CLIENTS,
    }
    new = {path: text for path, text in files.items() if not path.exists()}
    for path, text in new.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(new)


def _dialect(family: str) -> str:
    """A module with a class that names every abstract method of Dialect."""
    tree = ast.parse((ROOT / FAMILIES / "dialect.py").read_text("utf-8"))
    (abstract,) = [node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Dialect"]
    methods = [node for node in abstract.body if isinstance(node, ast.FunctionDef) and _is_abstract(node)]
    for method in methods:
        method.decorator_list, method.body = [], [ast.parse("raise NotImplementedError").body[0]]
    used = {node.id for method in methods for node in ast.walk(method) if isinstance(node, ast.Name)}
    imports = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("relay")
    ]
    taken = [(node.module, [alias.name for alias in node.names if alias.name in used]) for node in imports]
    ours = used & {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    taken.append(("relay.families.dialect", sorted({"Dialect", *ours})))
    name = f"{family.title()}Dialect"
    body = [f"class {name}(Dialect):", f'    family = "{family}"', "    routes = ()"]
    body += ["\n" + re.sub(r"^", "    ", ast.unparse(method), flags=re.MULTILINE) for method in methods]
    return "\n".join([
        f'"""The dialect of the family {family}."""\n',
        "from __future__ import annotations\n",
        *[f"from {module} import {', '.join(names)}" for module, names in sorted(taken, key=str) if names],
        *("\n", *body, "\n"),
        f"DIALECT = {name}()\n",
    ])  # fmt: skip


def _is_abstract(method: ast.FunctionDef) -> bool:
    return any(ast.unparse(decorator) == "abstractmethod" for decorator in method.decorator_list)


if __name__ == "__main__":
    if not re.fullmatch(r"[a-z][a-z0-9]{1,19}", sys.argv[1]):
        raise SystemExit(f"{sys.argv[1]!r} is no name of a family: 2 to 20 small letters and digits")
    for written in write(sys.argv[1]):
        print(written.relative_to(ROOT))  # noqa: T201

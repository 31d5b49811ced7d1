"""Which database the settings name, opened. What one needs is loaded only when it is the one."""

from contextlib import AbstractAsyncContextManager

from bot.settings import Settings
from runtime.store import Store


def open_store(settings: Settings) -> AbstractAsyncContextManager[Store]:
    """Return MongoDB where `MONGODB_URI` is set, else SQLite. Raises OSError or StoreError where that cannot be."""
    if settings.mongodb_uri is not None:
        from runtime.stores.mongodb import MongoDBSaver  # noqa: PLC0415

        return MongoDBSaver.from_conn_string(settings.mongodb_uri.get_secret_value(), driver=settings.mongodb_driver)
    from runtime.stores.sqlite import SqliteSaver  # noqa: PLC0415

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return SqliteSaver(settings.data_dir / "andon.db")


def place_of(settings: Settings) -> str:
    """Name the database without its password."""
    if settings.mongodb_uri is not None:
        from runtime.stores.mongodb_client import hosts_of  # noqa: PLC0415

        return f"MongoDB at {hosts_of(settings.mongodb_uri.get_secret_value())}"
    return str(settings.data_dir / "andon.db")

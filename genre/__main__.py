"""The command `genre`, also run as `python -m genre`."""

from genre import console


def main() -> None:
    """Run the command line and exit with its status."""
    console.start()
    from genre import cli  # after `start`, as its imports are slow

    console.keep_stderr_for_python()  # libmpg123 warns about odd MP3s without naming the file
    console.run(cli.run)


if __name__ == "__main__":
    main()

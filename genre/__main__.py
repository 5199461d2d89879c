"""The command `genre`, also as `python -m genre`."""

from genre import console


def main() -> None:
    """Do what the command line says and exit with its status."""
    console.start()
    from genre import cli  # after `start`: what it imports takes a moment

    console.keep_stderr_for_python()  # libmpg123 warns of odd MP3s without naming them
    console.run(cli.run)


if __name__ == "__main__":
    main()

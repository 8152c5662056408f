"""The commands of `fer`, one module each: EPILOG, add_arguments(parser), run(args)."""

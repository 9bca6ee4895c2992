"""`python -m gansmith`: the command line without the installed script."""

import sys

from gansmith.cli import main

sys.exit(main())

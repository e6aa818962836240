"""The names of contestants that every suite has."""

STDLIB = "ours (stdlib)"
FAST = "ours (fast)"
SDK = "official SDK"
OURS = (STDLIB, FAST)

#!/bin/sh
# The hook of scripts/run: what it is told is appended to a file, as a real one would pass it on to a chat.
{
  printf '%s is %s for %s (severity %s)\n' "$KIZASHI_RULE" "$KIZASHI_STATE" "$KIZASHI_ACCOUNT" "$KIZASHI_SEVERITY"
  cat
  printf '\n'
} >>"$1"

#!/bin/sh
# An example hook: one line an alert, into the system's log or to a chat's webhook.
#
#   hooks:
#     notify: {run: [/etc/kizashi/hooks/notify.sh], timeout: 10s, retries: 5, env: [WEBHOOK_URL]}
#
# Needs jq; with WEBHOOK_URL also curl. docs/HOOKS.md says what comes in and what the exit code means. Try it with
# `kizashi hook test notify`.
set -eu

command -v jq >/dev/null || { echo 'notify.sh: jq is missing (apt install jq)' >&2; exit 1; }

# One alert or a group of them: the same from here on. The text is data all the way; no shell ever reads it.
text=$(jq -r '
  ((if .alerts then .alerts[] else . end)
  | "\({firing: "▼", flapping: "≈"}[.state] // "✓") \(.account.id // .source.id): \(.rule) is \(.state) (\(.severity))"
    + (if .score.old != null and .score.new != null then ", score \(.score.old) → \(.score.new)" else "" end)
    + (if .reason then ". \(.reason)" else "" end)
    + (if (.because | length) > 0
       then " Mostly: " + ([.because[:2][] | "\(.measure) \(.points)"] | join(", ")) + "." else "" end)
    + (if .suggest then " Suggested: \(.suggest.playbook)." else "" end)),
  (.more[]? | "… and \(.alerts) more: \(.rule) is \(.state) (\(.severity))")')

if [ -n "${WEBHOOK_URL:-}" ]; then
  # 75: "later". kizashi tries again with growing pauses; the receiver tells repeats apart by the delivery id.
  jq -n --arg text "$text" '{text: $text}' |
    curl --silent --show-error --fail --max-time 8 --header 'Content-Type: application/json' \
      --header "Idempotency-Key: $KIZASHI_DELIVERY_ID" --data-binary @- --output /dev/null "$WEBHOOK_URL" || exit 75
else
  logger --tag kizashi-alert -- "$text"
fi
printf '%s\n' "$text"

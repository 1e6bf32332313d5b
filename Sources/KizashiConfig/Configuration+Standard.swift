extension Configuration {
  /// `config/kizashi.yaml` of the distribution, letter by letter (a test holds them equal): what an installation begins
  /// with, and what is used where no file is given.
  package static let standardText = #"""
    # kizashi's configuration. Every key and what it may hold: docs/CONFIGURATION.md.
    #   kizashi check              says what is wrong, all of it at once
    #   kizashi check --explain    shows it with every default written out
    #   systemctl reload kizashi   puts a change into force; a bad one changes nothing
    # yaml-language-server: $schema=kizashi.schema.json
    version: 1

    # Days begin and end in this time zone. Business days leave out the weekend and the holidays.
    business:
      timezone: UTC
      weekend: [sat, sun]

    store:
      path: /var/lib/kizashi/kizashi.db
      retention: 400d

    # Where events come from: one JSON object a line, such as
    #   {"timestamp":"2026-01-15T09:30:00Z","account":"acme","user":"u1","event":"report.created","id":"e-1"}
    sources:
      - id: logs
        kind: file
        paths: [/var/log/kizashi/events*.ndjson]
        rotated: ["/var/log/kizashi/events*.ndjson.*"]
      - id: socket
        kind: unix
        path: /run/kizashi/events.sock
        mode: "0660"

    # Without scorecards, the built-in one gives each account a score from 0 to 100 out of its recency, frequency, breadth
    # and trend of use. Below 70 an account is yellow, below 40 red.
    bands: {green: 70, yellow: 40, clear_margin: 5, down_for: 2h}

    # What deserves attention. Alerts are listed by `kizashi alerts`; hooks carry them on.
    rules:
      health-drop: {kind: drop, by: 15, within: 7d, for: 30m, cooldown: 3d, severity: high}
      turned-red: {kind: band_change, to: red, severity: high}
      gone-quiet: {kind: silence, feature: any, after: 5bd, severity: medium}

    # A hook is a program; it reads one JSON object about the alert from its standard input. Name it in a rule:
    #   health-drop: {kind: drop, by: 15, within: 7d, hooks: [notify]}
    # hooks:
    #   notify: {run: [/etc/kizashi/hooks/notify.sh], timeout: 10s, retries: 5}

    """#
}

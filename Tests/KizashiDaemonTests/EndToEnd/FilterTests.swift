import Foundation
import Glibc
import Testing

@testable import KizashiDaemon

/// A config that begins to ask for properties while a daemon reads.
@Suite struct `Filters in a running daemon` {
  private func line(_ place: Workspace, _ properties: String) throws {
    let at = presentMilliseconds()
    try place.append(#"{"timestamp":\#(at),"account":"acme","event":"login","properties":\#(properties)}"# + "\n")
  }

  /// The facts of each kind of event, and what the views say of the feature.
  private func facts(_ place: Workspace) throws -> [[String]] {
    try place.rows(
      """
      SELECT e.name, replace(e.conditions, char(31), '|'), sum(f.events)
      FROM fact f JOIN event_name e ON e.id = f.event GROUP BY e.id ORDER BY e.id
      """)
  }

  @Test func `properties are looked for from the reload on, also in a file that is being read`() async throws {
    let place = try Workspace()
    _ = try place.configure("features: {paid: {events: login}}")
    try place.append("")
    let daemon = try Child.daemon(place)
    try line(place, #"{"plan":"pro","seats":5}"#)
    let first = await eventually { place.lines == 1 }
    #expect(first, "\(daemon.errorText)")

    _ = try place.configure("features: {paid: {events: login, where: {plan: pro, seats: 5.0}}}")
    let reloaded = try await Child.run(["reload", "--config", place.config], in: place)
    #expect(reloaded.status == 0, "\(reloaded.errors)")
    try line(place, #"{"plan":"pro","seats":5}"#)
    try line(place, #"{"plan":"pro","seats":6}"#)
    try line(place, #"{"plan":"team","seats":6}"#)
    let second = await eventually { place.lines == 4 }
    #expect(second, "\(daemon.errorText)")
    let expected = [["login", "", "2"], ["login", "plan|pro|seats|5.0|", "1"], ["login", "plan|pro|", "1"]]
    #expect(try facts(place) == expected)
    // Until it has been looked for through all of the window, nobody can say.
    let usage = "SELECT events FROM feature_usage WHERE feature = 'paid' AND window = '24h'"
    #expect(try place.rows(usage) == [["-"]])
    daemon.signal(SIGTERM)
    #expect(await daemon.ended() == 0, "\(daemon.errorText)")
    let verified = try await Child.run(["verify", "--config", place.config], in: place)
    #expect(verified.status == 0, "\(verified.output)\(verified.errors)")

    // Replayed into a new store, all of it is looked at.
    let store = place.file("again.db")
    let replayed = try await Child.run(["replay", "--config", place.config, "--db", store, place.log], in: place)
    #expect(replayed.status == 0, "\(replayed.errors)")
    #expect(try place.rows(usage, in: store) == [["2"]])
  }
}

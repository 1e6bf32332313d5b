import KizashiCore

extension Reading {
  private static let bandSettings = ["clear_margin", "down_for", "journal_step"]

  /// `bands:`; names with their lower bounds, and how reluctantly accounts change between them.
  func bands(_ cursor: Cursor?) -> BandModel {
    let standard = BandModel.standard
    guard let cursor, let section = cursor.section(.bands, "a mapping such as {green: 70, yellow: 40}") else {
      return standard
    }
    let margin = section["clear_margin"].map { $0.hundredths("a number of points 0–100", in: 0...10_000) }
    let fall = section["down_for"].map { $0.duration() }
    let step = section["journal_step"].map { $0.hundredths("a number of points from 0.01 to 100", in: 1...10_000) }
    var bands: [Band] = []
    var places: [String: Cursor] = [:]
    for (name, key, value) in section.names {
      let isName = key.isName(name, of: "band", inIds: true, reserved: ["unknown"])
      guard let bound = value.hundredths("the band's lower bound, a number of points 0–100", in: 0...10_000), isName
      else { continue }
      if let same = bands.first(where: { $0.bound == bound }) {
        value.fail(
          "\(quoted(name)) begins where \(quoted(same.name)) begins", hint: "give each band a bound of its own")
        continue
      }
      if let near = nearestName(to: name, in: Self.bandSettings) {
        key.warn("\(quoted(name)) is taken as the name of a band", hint: "did you mean \(quoted(near))?")
      }
      bands.append(Band(name: name, bound: bound))
      places[name] = value
    }
    if section.names.isEmpty { bands = standard.bands }
    if !bands.contains(where: { $0.bound == 0 }), !bands.isEmpty {
      if let red = places["red"] {
        red.fail(
          "no band begins at 0, and the name of the lowest, \"red\", is taken", hint: "give one band the bound 0")
      }
      bands.append(Band(name: "red", bound: 0))
    }
    bands.sort { $0.bound > $1.bound }
    let clearMargin = (margin ?? standard.clearMargin) ?? standard.clearMargin
    for band in bands where band.bound + clearMargin > 10_000 {
      (places[band.name] ?? section["clear_margin"] ?? cursor).fail(
        "the band \(quoted(band.name)) could never be climbed into: its bound and clear_margin are more than 100",
        hint: "lower one of them")
    }
    return BandModel(
      bands: bands, clearMargin: clearMargin,
      downForMilliseconds: (fall ?? standard.downForMilliseconds) ?? standard.downForMilliseconds,
      journalStep: (step ?? standard.journalStep) ?? standard.journalStep)
  }
}

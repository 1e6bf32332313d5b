import KizashiCore

/// The detector of `kind: shift` on a series that has no weekdays: an observation is compared with the window behind it, both
/// ways are watched, and an observation is a day of a week of one.
public enum SeriesDetector {
  /// The change points it finds: indices, from 0, of the observation with which each sum began to grow.
  ///
  /// What lies before a change point is not compared with any more. Values are not counts: no root is taken, and they are put
  /// on whole numbers fine enough that their unit decides nothing (z does not depend on unit or origin).
  public static func changePoints(of values: [Double], _ settings: ShiftSettings) -> [Int] {
    let low = values.min() ?? 0
    let high = values.max() ?? 0
    guard high > low else { return [] }
    let y = values.map { Int64((($0 - low) / (high - low) * 2e9).rounded()) }
    var detector = ShiftDetector()
    detector.begin(behind: -1)
    var first: Int32 = 0
    var found: [Int] = []
    for index in y.indices {
      let z = ShiftBaseline.z(of: Int32(index), first: first, settings) { y[Int($0)] }
      guard detector.judge(Int32(index), z: z, settings) != nil else { continue }
      first = detector.since
      found.append(Int(first))
      // Anew, because an alarm that lasts keeps the day on which the first one of its side began.
      detector = ShiftDetector()
      detector.begin(behind: Int32(index))
    }
    return found
  }
}

/// Small drawings made of block characters.
enum Sparkline {
  private static let levels: [Character] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// One character a value between `low` and `high`; `·` for nothing (nil), so that a gap is not mistaken for a little.
  static func line(_ values: [Double?], low: Double, high: Double) -> String {
    String(
      values.map { value -> Character in
        guard let value else { return "·" }
        guard high > low else { return levels[levels.count / 2] }
        let level = (value - low) / (high - low) * Double(levels.count - 1)
        return levels[min(levels.count - 1, max(0, Int(level.rounded())))]
      })
  }

  /// A bar of `cells` cells, filled for `share` (0…1) in eighths of a cell.
  static func bar(_ share: Double, cells: Int) -> String {
    let eighths = Int((min(1, max(0, share)) * Double(cells * 8)).rounded())
    let partial: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    var result = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { result.append(partial[eighths % 8 - 1]) }
    return result + String(repeating: "░", count: cells - result.count)
  }
}

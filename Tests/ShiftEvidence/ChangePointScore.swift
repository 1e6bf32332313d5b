/// The two measures of van den Burg and Williams, "An Evaluation of Change Point Detection Algorithms" (arXiv:2003.06222), as
/// their benchmark computes them. A change point is the index, from 0, of the first observation of a new segment.
public enum ChangePointScore {
  /// F1 of found change points against those of several annotators, with a margin in observations.
  ///
  /// Index 0 is a change point of everybody. Precision: of all annotators' change points together, how many have a found one
  /// of their own within the margin, over the number found. Recall: the same for each annotator, over the number of theirs; the
  /// mean over annotators.
  public static func f1(_ found: [Int], annotators: [[Int]], margin: Int = 5) -> Double {
    let found = Set(found + [0])
    let truth = annotators.map { Set($0 + [0]) }
    let all = truth.reduce(Set()) { $0.union($1) }
    let precision = Double(hits(all, found, margin)) / Double(found.count)
    let recall =
      truth.reduce(0.0) { $0 + Double(hits($1, found, margin)) / Double($1.count) } / Double(truth.count)
    return 2 * precision * recall / (precision + recall)
  }

  /// How many true change points have a found one near: in order, each takes the nearest that is left.
  private static func hits(_ truth: Set<Int>, _ found: Set<Int>, _ margin: Int) -> Int {
    var left = found
    var hits = 0
    for point in truth.sorted() {
      let near = left.filter { abs($0 - point) <= margin }
      guard let nearest = near.min(by: { (abs($0 - point), $0) < (abs($1 - point), $1) }) else { continue }
      left.remove(nearest)
      hits += 1
    }
    return hits
  }

  /// How well the found segments cover the annotated ones: each annotated segment's best overlap (the Jaccard index),
  /// weighted by its length; the mean over annotators.
  public static func cover(_ found: [Int], annotators: [[Int]], observations: Int) -> Double {
    let mine = segments(found, observations)
    let covers = annotators.map { theirs in
      segments(theirs, observations).reduce(0.0) { sum, segment in
        sum + Double(segment.count) * (mine.map { overlap(segment, $0) }.max() ?? 0)
      } / Double(observations)
    }
    return covers.reduce(0, +) / Double(covers.count)
  }

  private static func segments(_ points: [Int], _ observations: Int) -> [Range<Int>] {
    let starts = Set(points + [0]).filter { (0..<observations).contains($0) }.sorted()
    return zip(starts, starts.dropFirst() + [observations]).map { $0..<$1 }
  }

  private static func overlap(_ a: Range<Int>, _ b: Range<Int>) -> Double {
    let common = a.clamped(to: b).count
    return Double(common) / Double(a.count + b.count - common)
  }
}

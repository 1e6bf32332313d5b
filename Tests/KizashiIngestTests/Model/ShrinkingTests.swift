import Testing

@Suite struct `Shrinking` {
  @Test func `leaves only what makes a list fail`() async {
    let list = Array(1...200)
    let least = await shrink(list) { $0.contains(17) && $0.contains(80) && $0.contains(180) }
    #expect(least == [17, 80, 180])
  }

  @Test func `makes simpler what cannot be left out`() async {
    let least = await shrink([3, 90, 250, 7], simpler: { $0 > 0 ? [$0 / 2, $0 - 1] : [] }) { $0.reduce(0, +) >= 100 }
    #expect(least == [100])
  }

  @Test func `leaves nothing where everything fails, all where only the whole does`() async {
    #expect(await shrink([1, 2, 3]) { _ in true } == [])
    #expect(await shrink([1, 2, 3]) { $0.count == 3 } == [1, 2, 3])
  }

  @Test func `asks no oftener than it may`() async {
    var asked = 0
    _ = await shrink(Array(1...10_000), limit: 50) { list in
      asked += 1
      return list.count > 9_990
    }
    #expect(asked <= 50)
  }
}

import Testing

@testable import Hub

@Suite struct BodyBudgetTests {
    @Test func `bytes are taken all or none, and come back`() {
        let budget = BodyBudget(bytes: 100, longest: 100)
        #expect(budget.take(60, for: "a") && !budget.take(41, for: "b") && budget.take(40, for: "b"))
        #expect(!budget.take(1, for: "a") && budget.take(0, for: "a"))
        budget.giveBack(40, of: "b")
        #expect(budget.inUse == 60 && budget.take(40, for: "a"))
    }

    @Test func `one caller takes a quarter at most, and a longest body at least`() {
        let budget = BodyBudget(bytes: 100, longest: 10)
        #expect(budget.take(25, for: "a") && !budget.take(1, for: "a") && budget.take(25, for: "b"))
        budget.giveBack(5, of: "a")
        #expect(budget.take(5, for: "a"))
        let small = BodyBudget(bytes: 100, longest: 60)
        #expect(small.take(60, for: "a") && !small.take(1, for: "a"))
    }

    @Test func `whatever takes at once, the budget is kept`() async {
        let budget = BodyBudget(bytes: 1_000, longest: 1_000)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<2_000 where budget.take(300, for: "a") {
                        #expect(budget.inUse <= 1_000)
                        budget.giveBack(300, of: "a")
                    }
                }
            }
        }
        #expect(budget.inUse == 0)
    }
}

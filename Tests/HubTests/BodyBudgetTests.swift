import Testing

@testable import Hub

@Suite struct BodyBudgetTests {
    @Test func `bytes are taken all or none, and come back`() {
        let budget = BodyBudget(bytes: 100)
        #expect(budget.take(60) && !budget.take(41) && budget.take(40))
        #expect(!budget.take(1) && budget.take(0))
        budget.giveBack(40)
        #expect(budget.inUse == 60 && budget.take(40))
    }

    @Test func `whatever takes at once, the budget is kept`() async {
        let budget = BodyBudget(bytes: 1_000)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<2_000 where budget.take(300) {
                        #expect(budget.inUse <= 1_000)
                        budget.giveBack(300)
                    }
                }
            }
        }
        #expect(budget.inUse == 0)
    }
}

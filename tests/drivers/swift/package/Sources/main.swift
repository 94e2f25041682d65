import BeProductClient
import Foundation

// Reads the commands of tests/drivers/README.md on the main thread, which no call of the client needs.

let driver = Driver()
let output = Output()

while let line = readLine() {
    let command = try JSONValue(text: line)
    Task.detached {
        var answer = await driver.answer(command)
        answer["id"] = command["id"]
        output.write(answer)
    }
}

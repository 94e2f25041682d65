package beproduct.client

/** Keeps tokens in memory, and fails when it is told to. */
internal class MemoryStore(var stored: Tokens? = null, var failure: Exception? = null) : TokenStore {
    override fun load(): Tokens? = stored

    override fun save(tokens: Tokens) {
        failure?.let { throw it }
        stored = tokens
    }
}

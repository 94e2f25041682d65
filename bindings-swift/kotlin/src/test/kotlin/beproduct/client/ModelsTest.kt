package beproduct.client

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertNull
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonPrimitive

class ModelsTest {
    @Test
    fun `members are read under either spelling`() {
        val supplier = Supplier(id = "s-1", supplierType = "VENDOR")
        assertEquals(supplier, Json.decodeFromString("""{"Id": "s-1", "SupplierType": "VENDOR"}"""))
        assertEquals(supplier, Json.decodeFromString("""{"id": "s-1", "supplierType": "VENDOR"}"""))
    }

    @Test
    fun `unknown members are kept and written again`() {
        val text = """{"id":"x","folder":{"id":"f","new":1},"extra":true}"""
        val style = Json.decodeFromString<StyleHeader>(text)
        assertEquals(mapOf("extra" to JsonPrimitive(true)), style.extra)
        assertEquals(mapOf("new" to JsonPrimitive(1)), style.folder?.extra)
        assertEquals(text, Json.encodeToString(style))
    }

    @Test
    fun `numbers are read in all forms`() {
        assertEquals(10, Json.decodeFromString<Size>("""{"sizeIndex": "10.0"}""").sizeIndex)
        assertEquals(12.5, Json.decodeFromString<Size>("""{"price": "12.50"}""").price)
        assertNull(Json.decodeFromString<Size>("""{"price": ""}""").price)
        assertEquals("5", answerFormat.decodeFromString<Field>("""{"id": 5}""").id)
    }

    @Test
    fun `nulls in lists are left out`() {
        assertEquals(listOf("a"), Json.decodeFromString<StyleHeader>("""{"planIds": ["a", null]}""").planIds)
    }
}

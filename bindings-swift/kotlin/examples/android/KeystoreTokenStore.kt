// An example for apps on Android: copy it into yours. It is not part of the library, and it was neither compiled
// against the Android SDK nor run on a device, as neither is there where the library is built.
package com.example.beproduct

import android.content.Context
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyProperties
import android.util.AtomicFile
import beproduct.client.TokenStore
import beproduct.client.Tokens
import beproduct.client.isEmpty
import java.io.File
import java.io.FileNotFoundException
import java.io.IOException
import java.security.GeneralSecurityException
import java.security.KeyStore
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Keeps the tokens of one sign-in in a private file of the app, encrypted by a key that never leaves the Android
 * Keystore.
 *
 * ```
 * val store = KeystoreTokenStore(context, "acme")
 * val client = BeProduct("acme", StoredSignIn(clientId = "my-app"), tokenStore = store)
 * ```
 *
 * The file stays out of backups: on another device there is no key for it.
 *
 * @param context Any of the app.
 * @param name Whose sign-in it is, such as the company: part of the names of the file and of the key.
 */
class KeystoreTokenStore(context: Context, name: String) : TokenStore {
    private val alias = "beproduct-client.$name"
    private val file = AtomicFile(File(context.noBackupFilesDir, "$alias.tokens"))

    /**
     * What was saved last, or null when nothing was.
     *
     * @throws IOException when the file cannot be read, or when it was not written with the present key: sign in again.
     */
    @Synchronized
    override fun load(): Tokens? {
        val content = try {
            file.readFully()
        } catch (_: FileNotFoundException) {
            return null
        }
        try {
            return Tokens.fromJson(decrypted(content).decodeToString())
        } catch (error: GeneralSecurityException) {
            throw IOException("the tokens cannot be decrypted: sign in again", error)
        } catch (_: IllegalArgumentException) {
            throw IOException("the file holds no tokens: sign in again")
        }
    }

    /**
     * Replaces what was saved. Empty tokens, which signing out leaves, remove it.
     *
     * @throws IOException when the file cannot be written.
     * @throws GeneralSecurityException when there is no key and none can be made.
     */
    @Synchronized
    override fun save(tokens: Tokens) {
        if (tokens.isEmpty) return clear()
        val content = encrypted(tokens.toJson().encodeToByteArray())
        val stream = file.startWrite()
        try {
            stream.write(content)
            file.finishWrite(stream)
        } catch (error: IOException) {
            file.failWrite(stream)
            throw error
        }
    }

    /** Removes the file and the key. */
    @Synchronized
    fun clear() {
        file.delete()
        keyStore().deleteEntry(alias)
    }

    /** The initialisation vector, which the keystore chooses, and then the ciphertext with its tag. */
    private fun encrypted(plain: ByteArray): ByteArray {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, key() ?: newKey())
        return cipher.iv + cipher.doFinal(plain)
    }

    private fun decrypted(content: ByteArray): ByteArray {
        val key = key() ?: throw GeneralSecurityException("the key is gone")
        if (content.size < VECTOR_BYTES + TAG_BITS / 8) throw GeneralSecurityException("the file is cut off")
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, content, 0, VECTOR_BYTES))
        return cipher.doFinal(content, VECTOR_BYTES, content.size - VECTOR_BYTES)
    }

    private fun key(): SecretKey? = keyStore().getKey(alias, null) as SecretKey?

    private fun newKey(): SecretKey {
        val purposes = KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(
            KeyGenParameterSpec.Builder(alias, purposes)
                .setKeySize(256)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
                .build(),
        )
        return generator.generateKey()
    }

    private fun keyStore(): KeyStore = KeyStore.getInstance(PROVIDER).apply { load(null) }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val TRANSFORMATION = "AES/GCM/NoPadding"

        /** What the keystore uses for GCM. */
        const val VECTOR_BYTES = 12
        const val TAG_BITS = 128
    }
}

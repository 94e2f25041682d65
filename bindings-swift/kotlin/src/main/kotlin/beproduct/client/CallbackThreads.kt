package beproduct.client

import beproduct.client.engine.uniffiCallbackInterfaceEngineHost as HostCallbacks
import beproduct.client.engine.uniffiRustFutureContinuationCallbackImpl
import com.sun.jna.Callback
import com.sun.jna.CallbackThreadInitializer
import com.sun.jna.Native

/**
 * How threads of the engine call Kotlin. They stay attached to the JVM, as daemons: by default JNA attaches and detaches them
 * for each call, and writes to the standard error where the JVM ends in between. The price is that the JVM waits 0.3 s for
 * them when it ends.
 */
internal object CallbackThreads {
    private val attached = CallbackThreadInitializer(true, false, "beproduct")

    /** To be called before the engine is. */
    fun stayAttached() {
        val callbacks = listOf<Callback>(
            HostCallbacks.call,
            HostCallbacks.uniffiFree,
            HostCallbacks.uniffiClone,
            uniffiRustFutureContinuationCallbackImpl,
        )
        for (callback in callbacks) {
            Native.setCallbackThreadInitializer(callback, attached)
        }
    }
}

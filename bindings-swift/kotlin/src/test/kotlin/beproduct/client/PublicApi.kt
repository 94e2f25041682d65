package beproduct.client

import java.nio.file.Path
import kotlin.io.path.extension
import kotlin.io.path.invariantSeparatorsPathString
import kotlin.io.path.relativeTo
import kotlin.io.path.walk
import kotlin.metadata.ClassKind
import kotlin.metadata.KmClass
import kotlin.metadata.KmClassifier
import kotlin.metadata.KmConstructor
import kotlin.metadata.KmDeclarationContainer
import kotlin.metadata.KmFunction
import kotlin.metadata.KmProperty
import kotlin.metadata.KmType
import kotlin.metadata.KmTypeParameter
import kotlin.metadata.KmTypeProjection
import kotlin.metadata.KmValueParameter
import kotlin.metadata.KmVariance
import kotlin.metadata.MemberKind
import kotlin.metadata.Modality
import kotlin.metadata.Visibility
import kotlin.metadata.declaresDefaultValue
import kotlin.metadata.isData
import kotlin.metadata.isFunInterface
import kotlin.metadata.isNullable
import kotlin.metadata.isOperator
import kotlin.metadata.isSuspend
import kotlin.metadata.isVar
import kotlin.metadata.jvm.KotlinClassMetadata
import kotlin.metadata.kind
import kotlin.metadata.modality
import kotlin.metadata.visibility

/** The public API, from what the compiler writes of it into the classes. */
internal class PublicApi(folder: Path) {
    private val classes = mutableMapOf<String, KmClass>()
    private val files = mutableListOf<KmDeclarationContainer>()

    init {
        folder.walk().filter { it.extension == "class" }.forEach { path ->
            val name = path.relativeTo(folder).invariantSeparatorsPathString.removeSuffix(".class").replace('/', '.')
            val annotation = Class.forName(name, false, javaClass.classLoader).getAnnotation(Metadata::class.java)
            // The glue that uniffi makes is no API of ours.
            if (annotation != null && !name.startsWith("beproduct.client.engine.") && "\$serializer" !in name) {
                when (val metadata = KotlinClassMetadata.readStrict(annotation)) {
                    is KotlinClassMetadata.Class -> classes[metadata.kmClass.name] = metadata.kmClass
                    is KotlinClassMetadata.FileFacade -> files += metadata.kmPackage
                    else -> Unit
                }
            }
        }
    }

    /** A public name with its signature each, sorted. */
    fun lines(): List<String> {
        val lines = mutableListOf<String>()
        for ((name, declared) in classes.filterKeys(::isReachable)) {
            val path = simple(name)
            lines += "$path ${head(declared)}"
            lines += declared.constructors.filter { it.visibility.isPublic }.map { "$path ${constructor(it, declared)}" }
            lines += declared.kmEnumEntries.map { "$path.${it.name} entry" }
            lines += members(declared, declared.typeParameters).map { "$path.$it" }
        }
        lines += files.flatMap { members(it, emptyList()) }
        return lines.sorted()
    }

    private fun isReachable(name: String): Boolean {
        val declared = classes[name] ?: return false
        val outer = name.substringBeforeLast('.', "")
        return declared.visibility.isPublic && (outer.isEmpty() || isReachable(outer))
    }
}

private val Visibility.isPublic: Boolean
    get() = this == Visibility.PUBLIC || this == Visibility.PROTECTED

private fun simple(name: String): String = name.substringAfterLast('/')

private fun head(declared: KmClass): String {
    val kind = when (declared.kind) {
        ClassKind.INTERFACE -> "interface"
        ClassKind.ENUM_CLASS -> "enum class"
        ClassKind.ANNOTATION_CLASS -> "annotation class"
        ClassKind.OBJECT -> "object"
        ClassKind.COMPANION_OBJECT -> "companion object"
        else -> "class"
    }
    val words = listOfNotNull(
        declared.modality.word.takeUnless { kind == "interface" && declared.modality == Modality.ABSTRACT },
        "data".takeIf { declared.isData },
        "fun".takeIf { declared.isFunInterface },
        kind + parameters(declared.typeParameters, declared.typeParameters),
    )
    val supertypes = declared.supertypes.map { type(it, declared.typeParameters) }.filter { it != "Any" }
    return words.joinToString(" ") + if (supertypes.isEmpty()) "" else supertypes.joinToString(", ", " : ")
}

private fun members(container: KmDeclarationContainer, outer: List<KmTypeParameter>): List<String> {
    // Those of a data class follow from its constructor.
    val functions = container.functions.filter { it.visibility.isPublic && it.kind != MemberKind.SYNTHESIZED }
    return functions.map { function(it, outer) } +
        container.properties.filter { it.visibility.isPublic }.map { property(it, outer) }
}

private fun constructor(declared: KmConstructor, of: KmClass): String =
    "constructor${values(declared.valueParameters, of.typeParameters)}"

private fun function(declared: KmFunction, outer: List<KmTypeParameter>): String {
    val known = outer + declared.typeParameters
    val words = listOfNotNull(
        declared.modality.word,
        "suspend".takeIf { declared.isSuspend },
        "operator".takeIf { declared.isOperator },
        "fun",
        parameters(declared.typeParameters, known).ifEmpty { null },
        declared.receiverParameterType?.let { "${type(it, known)}." },
    )
    val returned = type(declared.returnType, known)
    return "${declared.name} ${words.joinToString(" ")}${values(declared.valueParameters, known)}: $returned"
}

private fun property(declared: KmProperty, outer: List<KmTypeParameter>): String {
    val known = outer + declared.typeParameters
    val isWritable = declared.isVar && declared.setter?.visibility?.isPublic == true
    val receiver = declared.receiverParameterType?.let { " ${type(it, known)}." }.orEmpty()
    return "${declared.name} ${if (isWritable) "var" else "val"}$receiver: ${type(declared.returnType, known)}"
}

private val Modality.word: String?
    get() = takeUnless { it == Modality.FINAL }?.name?.lowercase()

private fun values(parameters: List<KmValueParameter>, known: List<KmTypeParameter>): String =
    parameters.joinToString(", ", "(", ")") {
        "${it.name}: ${type(it.type, known)}${if (it.declaresDefaultValue) " = default" else ""}"
    }

private fun parameters(declared: List<KmTypeParameter>, known: List<KmTypeParameter>): String {
    if (declared.isEmpty()) return ""
    return declared.joinToString(", ", "<", ">") { parameter ->
        val bounds = parameter.upperBounds.map { type(it, known) }.filter { it != "Any?" }
        variance(parameter.variance) + parameter.name + if (bounds.isEmpty()) "" else bounds.joinToString(" & ", " : ")
    }
}

private fun type(type: KmType, known: List<KmTypeParameter>): String {
    val name = when (val classifier = type.classifier) {
        is KmClassifier.Class -> simple(classifier.name)
        is KmClassifier.TypeAlias -> simple(classifier.name)
        is KmClassifier.TypeParameter -> known.first { it.id == classifier.id }.name
    }
    val arguments = type.arguments.map { projection(it, known) }
    val listed = if (arguments.isEmpty()) "" else arguments.joinToString(", ", "<", ">")
    return "${if (type.isSuspend) "suspend " else ""}$name$listed${if (type.isNullable) "?" else ""}"
}

private fun projection(projection: KmTypeProjection, known: List<KmTypeParameter>): String {
    val projected = projection.type ?: return "*"
    return variance(projection.variance) + type(projected, known)
}

private fun variance(variance: KmVariance?): String = when (variance) {
    KmVariance.IN -> "in "
    KmVariance.OUT -> "out "
    else -> ""
}

using System.Runtime.CompilerServices;

namespace Scenarios.Language;

/// <summary>Names of the values of a small enumeration, as <c>ToString()</c> gives them, which boxes the value and searches each
/// time.</summary>
internal static class EnumNames<T>
    where T : struct, Enum
{
    private static readonly string?[] Names = new string?[1 + Enum.GetValues<T>().Max(Index)];

    static EnumNames()
    {
        foreach (var value in Enum.GetValues<T>()) Names[Index(value)] = value.ToString();
    }

    public static string Of(T value) =>
        (uint)Index(value) < (uint)Names.Length && Names[Index(value)] is { } name ? name : value.ToString();

    // A dictionary of enumeration values would box them where it is compiled ahead of time.
    private static int Index(T value) => Unsafe.SizeOf<T>() == sizeof(byte) ? Unsafe.As<T, byte>(ref value) : Unsafe.As<T, int>(ref value);
}

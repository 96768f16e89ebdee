using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Sim.Core;

/// <summary>
/// Asks the cache for memory that is needed a few events later. With more pending events than the cache holds, waiting for memory is most
/// of an event's cost. An address that the garbage collector has moved meanwhile is harmless: nothing is read through it.
/// </summary>
internal static unsafe class Prefetch
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Location<T>(ref T location)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(Unsafe.AsPointer(ref Unsafe.As<T, byte>(ref location)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Object(object target)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(Unsafe.As<object, nint>(ref target).ToPointer());
    }
}

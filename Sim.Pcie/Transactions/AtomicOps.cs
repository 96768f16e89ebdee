using System.Buffers.Binary;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Transactions;

/// <summary>What FetchAdd, Swap and CAS do at the Completer: read, modify, write, and return the old value (§6.15).</summary>
public static class AtomicOps
{
    /// <summary>Largest operand in bytes: that of a 128-bit CAS.</summary>
    public const int MaxOperandBytes = 16;

    /// <summary>Bytes of the operand, and of the location it works on: a CAS carries two, compare and swap (§2.2.7).</summary>
    public static int OperandBytes(in TlpHeader header) => header.Type == TlpType.CAS ? header.LengthDw * 2 : header.LengthDw * 4;

    /// <summary>Whether AtomicOp Completer Supported (§7.5.3.15) covers an operand: bit 0 32-bit, bit 1 64-bit, bit 2 128-bit
    /// CAS.</summary>
    public static bool Covers(int completerSupported, int operandBytes) => (completerSupported & operandBytes / 4) != 0;

    /// <summary>Computes the new value of a location, little-endian.</summary>
    /// <param name="type">FetchAdd, Swap or CAS.</param>
    /// <param name="operands">The TLP's payload: one operand, for CAS compare value and swap value.</param>
    /// <param name="old">What the location holds; as long as an operand.</param>
    /// <param name="next">The new value; as long as <paramref name="old"/>.</param>
    /// <returns>Whether the location is written: not by a CAS that compares unequal.</returns>
    public static bool Compute(TlpType type, ReadOnlySpan<byte> operands, ReadOnlySpan<byte> old, Span<byte> next)
    {
        switch (type)
        {
            case TlpType.FetchAdd when old.Length == 4:
                BinaryPrimitives.WriteUInt32LittleEndian(
                    next, BinaryPrimitives.ReadUInt32LittleEndian(old) + BinaryPrimitives.ReadUInt32LittleEndian(operands));
                return true;
            case TlpType.FetchAdd:
                BinaryPrimitives.WriteUInt64LittleEndian(
                    next, BinaryPrimitives.ReadUInt64LittleEndian(old) + BinaryPrimitives.ReadUInt64LittleEndian(operands));
                return true;
            case TlpType.Swap:
                operands[..old.Length].CopyTo(next);
                return true;
            default:
                operands.Slice(old.Length, old.Length).CopyTo(next);
                return operands[..old.Length].SequenceEqual(old);
        }
    }
}

namespace Sim.Mlx5.Spec;

/// <summary>Signatures of command entries and mailboxes: all covered bytes, the signature included, have the exclusive or FFh.</summary>
public static class CommandSignature
{
    /// <summary>Exclusive or of all bytes.</summary>
    public static byte Xor(ReadOnlySpan<byte> bytes)
    {
        byte x = 0;
        foreach (var b in bytes) x ^= b;
        return x;
    }

    /// <summary>Sets the signature of a command entry.</summary>
    public static void SignEntry(Span<byte> entry)
    {
        entry[CommandEntry.Signature] = 0;
        entry[CommandEntry.Signature] = (byte)~Xor(entry[..CommandEntry.Size]);
    }

    /// <summary>Whether a command entry is signed right.</summary>
    public static bool IsEntryValid(ReadOnlySpan<byte> entry) => Xor(entry[..CommandEntry.Size]) == 0xFF;

    /// <summary>Sets both signatures of a mailbox: first over next pointer to control signature, then over the whole block.</summary>
    public static void SignMailbox(Span<byte> block)
    {
        block[CommandMailbox.ControlSignature] = 0;
        block[CommandMailbox.Signature] = 0;
        block[CommandMailbox.ControlSignature] = (byte)~Xor(block[CommandMailbox.SignedControl..CommandMailbox.Signature]);
        block[CommandMailbox.Signature] = (byte)~Xor(block[..CommandMailbox.Size]);
    }

    /// <summary>Whether a mailbox is signed right.</summary>
    public static bool IsMailboxValid(ReadOnlySpan<byte> block) =>
        Xor(block[CommandMailbox.SignedControl..CommandMailbox.Signature]) == 0xFF && Xor(block[..CommandMailbox.Size]) == 0xFF;
}

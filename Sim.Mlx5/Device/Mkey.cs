using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>A memory key: which addresses it covers, where they lie, and who may do what there.</summary>
internal sealed class Mkey
{
    /// <summary>Rights, as bits of the context's first DW.</summary>
    [Flags]
    public enum Right
    {
        LocalRead = 1 << 10,
        LocalWrite = 1 << 11,
        RemoteRead = 1 << 12,
        RemoteWrite = 1 << 13,
    }

    private const int RightsMask = (int)(Right.LocalRead | Right.LocalWrite | Right.RemoteRead | Right.RemoteWrite);

    public required uint Index { get; init; }

    public required byte Variant { get; init; }

    public required Right Rights { get; init; }

    public required uint Pd { get; init; }

    public required ulong Start { get; init; }

    public required ulong Length { get; init; }

    /// <summary>Every address is covered.</summary>
    public required bool IsUnbounded { get; init; }

    /// <summary>Null: addresses are used as they are.</summary>
    public required PageList? Pages { get; init; }

    public uint Key => Index << 8 | Variant;

    public static Right RightsOf(ReadOnlySpan<byte> context) => (Right)((int)new BitField(0, 31, 0).Get(context) & RightsMask);

    public bool Allows(uint key, uint pd, Right right) => key == Key && pd == Pd && (Rights & right) != 0;

    public bool Covers(ulong address, ulong bytes) =>
        IsUnbounded || (address >= Start && bytes <= Length && address - Start <= Length - bytes);

    /// <summary>Where an address that is covered lies, and how many bytes lie behind it without a break.</summary>
    public ulong Translate(ulong address, out ulong contiguous)
    {
        if (Pages is not { } pages)
        {
            contiguous = ulong.MaxValue;
            return address;
        }

        // The first page may be entered in its middle: offsets count from its beginning.
        var offset = address - (Start & ~((1UL << pages.LogPageSize) - 1));
        contiguous = pages.Contiguous(offset);
        return pages.AddressOf(offset);
    }

    public void Save(BinaryWriter image)
    {
        image.Write(Variant);
        image.Write((int)Rights);
        image.Write(Pd);
        image.Write(Start);
        image.Write(Length);
        image.Write(IsUnbounded);
        image.Write(Pages is not null);
        Pages?.Save(image);
    }

    public static Mkey Load(uint index, BinaryReader image)
    {
        var (variant, rights, pd) = (image.ReadByte(), (Right)image.ReadInt32(), image.ReadUInt32());
        var (start, length, unbounded) = (image.ReadUInt64(), image.ReadUInt64(), image.ReadBoolean());
        return new Mkey
        {
            Index = index,
            Variant = variant,
            Rights = rights,
            Pd = pd,
            Start = start,
            Length = length,
            IsUnbounded = unbounded,
            Pages = image.ReadBoolean() ? PageList.Load(image) : null,
        };
    }
}

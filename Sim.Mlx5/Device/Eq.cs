using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>An event queue: its context and where it stands.</summary>
internal sealed class Eq
{
    private const uint IndexMask = 0xFF_FFFF;

    public required uint Number { get; init; }

    public required int LogSize { get; init; }

    public required uint Uar { get; init; }

    public required int Vector { get; init; }

    public required bool OverrunIgnore { get; init; }

    public required PageList Ring { get; init; }

    /// <summary>Bit n of word n/64: it gets events of type n.</summary>
    public required ulong[] Events { get; init; }

    public uint Producer { get; set; }

    public uint Consumer { get; set; }

    public bool Armed { get; set; }

    public uint Outstanding => (Producer - Consumer) & IndexMask;

    public bool IsFull => !OverrunIgnore && Outstanding >= 1u << LogSize;

    public ulong NextEntry => Ring.AddressOf((ulong)(Producer & ((1u << LogSize) - 1)) * Eqe.Size);

    public byte NextOwner => (byte)((Producer >> LogSize) & 1);

    public bool Subscribes(EventType type) => (Events[(int)type >> 6] >> ((int)type & 63) & 1) != 0;

    public void Advance() => Producer = (Producer + 1) & IndexMask;

    public void Save(BinaryWriter image)
    {
        image.Write((byte)LogSize);
        image.Write(Uar);
        image.Write((byte)Vector);
        image.Write(OverrunIgnore);
        foreach (var word in Events) image.Write(word);
        image.Write(Producer);
        image.Write(Consumer);
        image.Write(Armed);
        Ring.Save(image);
    }

    public static Eq Load(uint number, BinaryReader image)
    {
        var logSize = image.ReadByte();
        var uar = image.ReadUInt32();
        var vector = image.ReadByte();
        var overrunIgnore = image.ReadBoolean();
        ulong[] events = [image.ReadUInt64(), image.ReadUInt64(), image.ReadUInt64(), image.ReadUInt64()];
        var (producer, consumer, armed) = (image.ReadUInt32(), image.ReadUInt32(), image.ReadBoolean());
        return new Eq
        {
            Number = number,
            LogSize = logSize,
            Uar = uar,
            Vector = vector,
            OverrunIgnore = overrunIgnore,
            Events = events,
            Producer = producer,
            Consumer = consumer,
            Armed = armed,
            Ring = PageList.Load(image),
        };
    }
}

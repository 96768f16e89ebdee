using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>What an image says, item by item, for those who compare two of them.</summary>
internal static class ImageDescription
{
    private const int MemoryLine = 64;
    private const int Word = 8;

    public static IReadOnlyList<(string Name, string Value)> Of(ReadOnlySpan<byte> image)
    {
        List<(string, string)> items = [];
        if (!VhcaImage.TryOpen(image, out _, out var records)) return items;
        foreach (var ((kind, number), bytes) in records)
        {
            switch (kind)
            {
                case ImageRecord.Qp: DescribeQp(items, number, bytes!); break;
                case ImageRecord.MemoryPage:
                    DescribeLines(items, "device memory", (int)number << DeviceMemory.LogPage, bytes!, MemoryLine);
                    break;
                default: DescribeLines(items, NameOf(kind, number), 0, bytes!, Word); break;
            }
        }

        return items;
    }

    private static void DescribeQp(List<(string Name, string Value)> items, uint number, byte[] bytes)
    {
        using var from = new BinaryReader(new MemoryStream(bytes));
        DescribeLines(items, $"QP 0x{number:x} context", 0, from.ReadBytes(QpContext.Size), Word);
        items.Add(($"QP 0x{number:x} WQEBBs consumed", $"{from.ReadUInt16()}"));
        items.Add(($"QP 0x{number:x} WQEBBs posted", $"{from.ReadUInt16()}"));
        items.Add(($"QP 0x{number:x} doorbell", from.ReadBoolean() ? "pending" : "served"));
        items.Add(($"QP 0x{number:x} receive WQEs consumed", $"{from.ReadUInt16()}"));
        items.Add(($"QP 0x{number:x} receive WQEs posted", $"{from.ReadUInt16()}"));
        DescribeLines(items, $"QP 0x{number:x} ring", 0, from.ReadBytes(bytes.Length), Word);
    }

    private static void DescribeLines(List<(string Name, string Value)> items, string name, int offset, byte[] bytes, int line)
    {
        for (var at = 0; at < bytes.Length; at += line)
        {
            var piece = bytes.AsSpan(at, Math.Min(line, bytes.Length - at));
            if (piece.ContainsAnyExcept((byte)0)) items.Add(($"{name}+0x{offset + at:x}", Convert.ToHexStringLower(piece)));
        }
    }

    private static string NameOf(ImageRecord kind, uint number) => kind switch
    {
        ImageRecord.Mkey => $"mkey 0x{number:x}",
        ImageRecord.Eq => $"EQ {number}",
        ImageRecord.Cq => $"CQ 0x{number:x}",
        ImageRecord.Msix => "MSI-X",
        ImageRecord.MemoryMap => "device memory map",
        _ => kind.ToString(),
    };
}

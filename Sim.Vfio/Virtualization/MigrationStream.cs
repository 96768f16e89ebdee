using System.Runtime.InteropServices;

namespace Sim.Vfio.Virtualization;

/// <summary>What crosses from source to destination, as bytes and nothing else: pages in the order in which they were sent, device images,
/// pending interrupts, vCPU state.</summary>
internal sealed class MigrationStream
{
    private const uint Magic = 0x474D_5650;

    private enum Section : byte
    {
        End,
        Page,
        Image,
        Interrupt,
        Cpu,
    }

    /// <summary>The writing side.</summary>
    public sealed class Writer
    {
        private const int Others = 1 << 16;
        private const int PageSection = 1 + sizeof(ulong) + GuestMemory.PageBytes;

        private readonly MemoryStream _bytes;
        private readonly BinaryWriter _writer;

        /// <param name="memoryBytes">Bytes of the guest's memory.</param>
        /// <param name="pages">How many pages cross, about: room for them is made at once.</param>
        public Writer(ulong memoryBytes, int pages)
        {
            _bytes = new(Others + (pages * PageSection));
            _writer = new(_bytes);
            _writer.Write(Magic);
            _writer.Write(memoryBytes);
        }

        public long Length => _bytes.Length;

        public void Page(ulong address, ReadOnlySpan<byte> page)
        {
            _writer.Write((byte)Section.Page);
            _writer.Write(address);
            _writer.Write(page);
        }

        public void Image(int device, ReadOnlySpan<byte> image)
        {
            _writer.Write((byte)Section.Image);
            _writer.Write(device);
            _writer.Write(image.Length);
            _writer.Write(image);
        }

        public void Interrupt(int device, int vector)
        {
            _writer.Write((byte)Section.Interrupt);
            _writer.Write(device);
            _writer.Write(vector);
        }

        public void Cpu(ReadOnlySpan<byte> state)
        {
            _writer.Write((byte)Section.Cpu);
            _writer.Write(state.Length);
            _writer.Write(state);
        }

        public byte[] Finish()
        {
            _writer.Write((byte)Section.End);
            _writer.Flush();
            return _bytes.ToArray();
        }
    }

    /// <summary>Reads a stream: the last version of each page wins.</summary>
    /// <exception cref="InvalidDataException">Not a stream for a guest with that much memory, or cut short.</exception>
    public static GuestSnapshot Read(ReadOnlyMemory<byte> stream, ulong memoryBytes)
    {
        if (!MemoryMarshal.TryGetArray(stream, out var bytes)) bytes = stream.ToArray();
        using var reader = new BinaryReader(new MemoryStream(bytes.Array!, bytes.Offset, bytes.Count, writable: false));
        Dictionary<ulong, byte[]> pages = [];
        SortedDictionary<int, byte[]> images = [];
        List<(int, int)> pending = [];
        byte[] cpu = [];
        try
        {
            if (reader.ReadUInt32() != Magic) throw new InvalidDataException("not a migration stream");
            if (reader.ReadUInt64() is var size && size != memoryBytes)
                throw new InvalidDataException($"a guest of {size:x} bytes does not fit one of {memoryBytes:x}");
            while ((Section)reader.ReadByte() is var section && section != Section.End)
            {
                switch (section)
                {
                    case Section.Page:
                        pages[reader.ReadUInt64()] = reader.ReadBytes(GuestMemory.PageBytes);
                        break;
                    case Section.Image:
                        images[reader.ReadInt32()] = reader.ReadBytes(reader.ReadInt32());
                        break;
                    case Section.Interrupt:
                        pending.Add((reader.ReadInt32(), reader.ReadInt32()));
                        break;
                    case Section.Cpu:
                        cpu = reader.ReadBytes(reader.ReadInt32());
                        break;
                    default:
                        throw new InvalidDataException($"unknown section {(byte)section}");
                }
            }
        }
        catch (EndOfStreamException)
        {
            throw new InvalidDataException("the migration stream is cut short");
        }

        return new(pages, [.. images.Values], pending, cpu);
    }
}

using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Guests;

/// <summary>
/// A guest whose devices stream to each other: each queue device copies numbered items into the window of the next device, and the guest,
/// who believes an item delivered when its copy completes, looks at the end which of them are really there.
/// </summary>
public sealed class PeerStreamGuest : IGuestProgram
{
    private const int Bar = 0;
    private const int RingSize = 16;
    private const int ForwarderRing = 512;
    private const ulong Stride = 16 * GuestMemory.PageBytes;

    private readonly PeerStreamGuestOptions _options;
    private readonly int[] _posted;
    private readonly int[] _consumed;
    private readonly SortedSet<(int From, int Item)> _missing = [];
    private bool _ready;
    private int _verified;

    /// <summary>Makes the guest; it sets the devices up in its first step.</summary>
    public PeerStreamGuest(PeerStreamGuestOptions? options = null)
    {
        _options = options ?? new();
        if (_options.Roles.Count < 2 || !_options.Roles.Contains(PeerRole.Queue))
            throw new ArgumentException("A stream needs two devices, one of them a queue.", nameof(options));
        if (_options.ItemBytes is < 8 or > 256 || (_options.ItemBytes & (_options.ItemBytes - 1)) != 0)
            throw new ArgumentException("An item has 8 to 256 bytes, a power of two.", nameof(options));
        _posted = new int[_options.Roles.Count];
        _consumed = new int[_options.Roles.Count];
    }

    /// <summary>Items whose copy completed.</summary>
    public int Completed => _consumed.Sum();

    /// <summary>Whether everything was sent, completed and looked at.</summary>
    public bool IsDone => _verified >= _options.Items;

    /// <summary>Items that were completed and are not there, by the device that sent them; numbered from 1.</summary>
    public IReadOnlyCollection<(int From, int Item)> Missing => _missing;

    /// <summary>A missing item, and where it should be.</summary>
    public GuestProblem Describe((int From, int Item) missing) =>
        new($"item {missing.Item} from device {missing.From} to device {Target(missing.From)}", "completed", "not there")
        {
            Place = (Target(missing.From), Window(missing.Item - 1)),
        };

    /// <inheritdoc/>
    public async Task<SimDuration?> StepAsync(Vcpu cpu)
    {
        if (!_ready) await SetUpAsync(cpu);
        for (var device = 0; device < _options.Roles.Count; device++)
            if (_options.Roles[device] == PeerRole.Queue) await PostAsync(cpu, device);
        if (AllArrivedUntil(RoundEnd)) await VerifyAsync(cpu);
        return IsDone ? null : _options.Interval;
    }

    /// <inheritdoc/>
    public async Task InterruptAsync(Vcpu cpu, int device, int vector)
    {
        await cpu.LoadAsync(device, Bar, DmaQueueLayout.EventCause);
        if (_options.Roles[device] == PeerRole.Queue) Consume(cpu.Memory, device);
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(_ready);
        writer.Write(_verified);
        foreach (var count in _posted.Concat(_consumed)) writer.Write(count);
        writer.Write(_missing.Count);
        foreach (var (from, item) in _missing)
        {
            writer.Write(from);
            writer.Write(item);
        }

        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> state)
    {
        using var reader = new BinaryReader(new MemoryStream(state.ToArray()));
        _ready = reader.ReadBoolean();
        _verified = reader.ReadInt32();
        for (var i = 0; i < _posted.Length; i++) _posted[i] = reader.ReadInt32();
        for (var i = 0; i < _consumed.Length; i++) _consumed[i] = reader.ReadInt32();
        for (var n = reader.ReadInt32(); n > 0; n--) _missing.Add((reader.ReadInt32(), reader.ReadInt32()));
    }

    /// <summary>Items that the window holds: from one look to the next, none overwrites another.</summary>
    private int Slots => DmaQueueLayout.PeerWindowSize / _options.ItemBytes;

    private int RoundEnd => Math.Min(_options.Items, _verified + Slots);

    private int Target(int device) => (device + 1) % _options.Roles.Count;

    private ulong Memory(int device, int page) => _options.MemoryBase + ((ulong)device * Stride) + ((ulong)page * GuestMemory.PageBytes);

    private ulong Source(int device, int item) => Memory(device, 2) + ((ulong)(item % RingSize) * 256);

    private async Task SetUpAsync(Vcpu cpu)
    {
        for (var device = 0; device < _options.Roles.Count; device++)
        {
            switch (_options.Roles[device])
            {
                case PeerRole.Queue:
                    await cpu.StoreAsync(device, Bar, DmaQueueLayout.SubmissionBase, Memory(device, 0), 8);
                    await cpu.StoreAsync(device, Bar, DmaQueueLayout.CompletionBase, Memory(device, 1), 8);
                    await cpu.StoreAsync(device, Bar, DmaQueueLayout.RingSize, RingSize);
                    await cpu.StoreAsync(device, Bar, DmaQueueLayout.Control, 1);
                    break;
                case PeerRole.Forwarder:
                    await cpu.StoreAsync(device, Bar, ForwarderLayout.RingBase, Memory(device, 3), 8);
                    await cpu.StoreAsync(device, Bar, ForwarderLayout.RingSize, ForwarderRing);
                    await cpu.StoreAsync(device, Bar, ForwarderLayout.Control, 1);
                    break;
            }
        }

        _ready = true;
    }

    private async Task PostAsync(Vcpu cpu, int device)
    {
        var before = _posted[device];
        for (var n = 0; n < _options.Batch && _posted[device] < RoundEnd && _posted[device] - _consumed[device] < RingSize - 1; n++)
            Prepare(cpu.Memory, device, _posted[device]++);
        if (_posted[device] != before) await cpu.StoreAsync(device, Bar, DmaQueueLayout.Doorbell, (uint)_posted[device]);
    }

    private void Prepare(GuestMemory memory, int device, int item)
    {
        for (var at = 0; at < _options.ItemBytes; at += 8) memory.WriteValue(Source(device, item) + (ulong)at, (ulong)item + 1, 8);
        Span<byte> descriptor = stackalloc byte[DmaQueueLayout.DescriptorSize];
        descriptor.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor, (uint)item);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[4..], (uint)_options.ItemBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[8..], Source(device, item));
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[16..], Vmm.BarAddress(Target(device), Bar) + Window(item));
        memory.Write(Memory(device, 0) + (ulong)(item % RingSize * DmaQueueLayout.DescriptorSize), descriptor);
    }

    private ulong Window(int item) => DmaQueueLayout.PeerWindow + (ulong)(item % Slots * _options.ItemBytes);

    private void Consume(GuestMemory memory, int device)
    {
        Span<byte> entry = stackalloc byte[DmaQueueLayout.CompletionSize];
        while (_consumed[device] < _posted[device])
        {
            var item = _consumed[device];
            memory.Read(Memory(device, 1) + (ulong)(item % RingSize * DmaQueueLayout.CompletionSize), entry);
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]) != (uint)item + 1) return;
            _consumed[device]++;
            if (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) != 0) _missing.Add((device, item + 1));
        }
    }

    private bool AllArrivedUntil(int end)
    {
        for (var device = 0; device < _options.Roles.Count; device++)
            if (_options.Roles[device] == PeerRole.Queue && _consumed[device] < end) return false;
        return _verified < _options.Items;
    }

    private async Task VerifyAsync(Vcpu cpu)
    {
        var end = RoundEnd;
        for (var device = 0; device < _options.Roles.Count; device++)
        {
            if (_options.Roles[device] != PeerRole.Queue) continue;
            if (_options.Roles[Target(device)] == PeerRole.Forwarder) await VerifyForwardedAsync(cpu, device, end);
            else await VerifyWindowAsync(cpu, device, end);
        }

        _verified = end;
    }

    private async Task VerifyWindowAsync(Vcpu cpu, int device, int end)
    {
        for (var item = _verified; item < end; item++)
        {
            var found = await cpu.LoadAsync(Target(device), Bar, Window(item), 8);
            if (found.Value != (ulong)item + 1) _missing.Add((device, item + 1));
        }
    }

    /// <summary>What was forwarded lies in the ring in order; what the FIFO had no room for is not among it.</summary>
    private async Task VerifyForwardedAsync(Vcpu cpu, int device, int end)
    {
        var target = Target(device);
        var forwarded = (uint)(await cpu.LoadAsync(target, Bar, ForwarderLayout.Forwarded)).Value;
        Dictionary<ulong, int> seen = [];
        for (var n = forwarded > ForwarderRing ? forwarded - ForwarderRing : 0; n < forwarded; n++)
        {
            var item = cpu.Memory.ReadValue(Memory(target, 3) + (n % ForwarderRing * 8), 8);
            seen[item] = seen.GetValueOrDefault(item) + 1;
        }

        for (var item = _verified + 1; item <= end; item++)
            if (seen.GetValueOrDefault((ulong)item) < _options.ItemBytes / 8) _missing.Add((device, item));
    }
}

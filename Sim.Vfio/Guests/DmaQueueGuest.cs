using System.Buffers.Binary;
using Sim.Core;
using Sim.Pcie.Spec;
using Sim.Vfio.Virtualization;

namespace Sim.Vfio.Guests;

/// <summary>
/// A guest that drives the simple DMA-queue device: posts copies of known patterns, rings the doorbell, takes completion interrupts, and
/// checks
/// that every copy was done rightly and exactly once. A taken result is overwritten with a marker: who copies again is found out.
/// </summary>
public sealed class DmaQueueGuest : IGuestProgram
{
    private const int Bar = 0;
    private const byte Marker = 0xCC;
    private const int MissesUntilCompromised = 3;

    private readonly DmaQueueGuestOptions _options;
    private readonly byte[] _buffer;
    private bool _ready;
    private int _posted;
    private int _consumed;
    private int _wrong;
    private int _repeated;
    private int _lostInterrupts;
    private int _stalls;
    private int _healthMisses;
    private int _idleSteps;
    private int _steps;
    private int _postedAtHealth;
    private uint _health;
    private bool _pciDead;

    /// <summary>Makes the guest; it sets the device up in its first step.</summary>
    public DmaQueueGuest(DmaQueueGuestOptions? options = null)
    {
        _options = options ?? new();
        if (_options.RingSize is < 2 or > 128 || (_options.RingSize & (_options.RingSize - 1)) != 0)
            throw new ArgumentException("Ring size is a power of two from 2 to 128.", nameof(options));
        if (_options.CopyBytes is < 8 or > GuestMemory.PageBytes || _options.CopyBytes % 8 != 0)
            throw new ArgumentException("A job copies a multiple of 8 bytes up to 4096.", nameof(options));
        _buffer = new byte[_options.CopyBytes];
    }

    /// <summary>What it found out so far.</summary>
    public DmaQueueReport Report => new(_posted, _consumed - _wrong, _wrong, _repeated, _lostInterrupts, _stalls, _healthMisses, _pciDead);

    /// <summary>Jobs posted whose completion was not seen yet.</summary>
    public int Outstanding => _posted - _consumed;

    /// <inheritdoc/>
    public async Task<SimDuration?> StepAsync(Vcpu cpu)
    {
        if (!_ready) await SetUpAsync(cpu);
        else if (_options.HealthPeriod > 0 && ++_steps % _options.HealthPeriod == 0) await PollHealthAsync(cpu);
        else if (Outstanding > 0 && ++_idleSteps >= _options.StallSteps) LookForItself(cpu);
        else await PostAsync(cpu);
        var finished = _options.Jobs > 0 && _posted >= _options.Jobs && Outstanding == 0;
        return finished ? null : _options.Interval;
    }

    /// <inheritdoc/>
    public async Task InterruptAsync(Vcpu cpu, int device, int vector)
    {
        if (device != _options.Device || vector != 0) return;
        var cause = await cpu.LoadAsync(_options.Device, Bar, DmaQueueLayout.EventCause);
        if ((uint)cause.Value == uint.MaxValue) _pciDead = true;
        ConsumeCompletions(cpu.Memory);
    }

    /// <summary>Looks once more whether taken results were overwritten since; to be called when the guest stands.</summary>
    public void CheckTakenResults(GuestMemory memory)
    {
        for (var index = Math.Max(0, _posted - _options.RingSize); index < _consumed; index++) CheckMarker(memory, index);
    }

    /// <inheritdoc/>
    public byte[] Save()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(_ready);
        writer.Write(_pciDead);
        writer.Write(_health);
        foreach (var value in Counters()) writer.Write(value);
        writer.Flush();
        return bytes.ToArray();
    }

    /// <inheritdoc/>
    public void Load(ReadOnlySpan<byte> state)
    {
        using var reader = new BinaryReader(new MemoryStream(state.ToArray()));
        _ready = reader.ReadBoolean();
        _pciDead = reader.ReadBoolean();
        _health = reader.ReadUInt32();
        (_posted, _consumed, _wrong, _repeated) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        (_lostInterrupts, _stalls, _healthMisses) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
        (_idleSteps, _steps, _postedAtHealth) = (reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32());
    }

    private int[] Counters() =>
        [_posted, _consumed, _wrong, _repeated, _lostInterrupts, _stalls, _healthMisses, _idleSteps, _steps, _postedAtHealth];

    private async Task SetUpAsync(Vcpu cpu)
    {
        _buffer.AsSpan().Fill(Marker);
        for (var slot = 0; slot < _options.RingSize; slot++) cpu.Memory.Write(Destination(slot), _buffer);
        var id = await cpu.LoadAsync(_options.Device, Bar, DmaQueueLayout.Identification);
        _pciDead |= (uint)id.Value == uint.MaxValue;
        await cpu.StoreAsync(_options.Device, Bar, DmaQueueLayout.SubmissionBase, Submission, 8);
        await cpu.StoreAsync(_options.Device, Bar, DmaQueueLayout.CompletionBase, Completion, 8);
        await cpu.StoreAsync(_options.Device, Bar, DmaQueueLayout.RingSize, (uint)_options.RingSize);
        await cpu.StoreAsync(_options.Device, Bar, DmaQueueLayout.Control, 1);
        _ready = true;
    }

    private async Task PostAsync(Vcpu cpu)
    {
        var before = _posted;
        for (var i = 0; i < _options.Batch && Outstanding < _options.RingSize - 1 && (_options.Jobs == 0 || _posted < _options.Jobs); i++)
            Prepare(cpu.Memory);
        if (_posted != before) await cpu.StoreAsync(_options.Device, Bar, DmaQueueLayout.Doorbell, (uint)_posted);
    }

    private void Prepare(GuestMemory memory)
    {
        var slot = _posted & (_options.RingSize - 1);
        CheckMarker(memory, _posted);
        FillPattern(_posted);
        memory.Write(Source(slot), _buffer);
        Span<byte> descriptor = stackalloc byte[DmaQueueLayout.DescriptorSize];
        descriptor.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor, (uint)_posted);
        BinaryPrimitives.WriteUInt32LittleEndian(descriptor[4..], (uint)_options.CopyBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[8..], Source(slot));
        BinaryPrimitives.WriteUInt64LittleEndian(descriptor[16..], Destination(slot));
        memory.Write(Submission + (ulong)(slot * DmaQueueLayout.DescriptorSize), descriptor);
        _posted++;
    }

    private void ConsumeCompletions(GuestMemory memory)
    {
        Span<byte> entry = stackalloc byte[DmaQueueLayout.CompletionSize];
        while (Outstanding > 0)
        {
            var slot = _consumed & (_options.RingSize - 1);
            memory.Read(Completion + (ulong)(slot * DmaQueueLayout.CompletionSize), entry);
            var phase = BinaryPrimitives.ReadUInt32LittleEndian(entry[12..]);
            // The device flips the phase with every round of the ring, beginning with 1.
            if (phase != (uint)(_consumed / _options.RingSize & 1 ^ 1) || BinaryPrimitives.ReadUInt32LittleEndian(entry[8..]) == 0) return;
            Take(memory, slot, entry);
        }
    }

    private void Take(GuestMemory memory, int slot, ReadOnlySpan<byte> entry)
    {
        var isOurs = BinaryPrimitives.ReadUInt32LittleEndian(entry) == (uint)_consumed;
        var isDone = BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) == 0;
        Span<byte> result = stackalloc byte[_options.CopyBytes];
        memory.Read(Destination(slot), result);
        FillPattern(_consumed);
        if (!isOurs || !isDone || !result.SequenceEqual(_buffer)) _wrong++;
        _buffer.AsSpan().Fill(Marker);
        memory.Write(Destination(slot), _buffer);
        _consumed++;
        _idleSteps = 0;
    }

    private void CheckMarker(GuestMemory memory, int index)
    {
        Span<byte> result = stackalloc byte[_options.CopyBytes];
        var destination = Destination(index & (_options.RingSize - 1));
        memory.Read(destination, result);
        if (!result.ContainsAnyExcept(Marker)) return;
        _repeated++;
        _buffer.AsSpan().Fill(Marker);
        memory.Write(destination, _buffer);
    }

    private void LookForItself(Vcpu cpu)
    {
        var before = _consumed;
        _idleSteps = 0;
        ConsumeCompletions(cpu.Memory);
        if (_consumed > before) _lostInterrupts++;
        else _stalls++;
    }

    private async Task PollHealthAsync(Vcpu cpu)
    {
        var health = (uint)(await cpu.LoadAsync(_options.Device, Bar, DmaQueueLayout.Health)).Value;
        if (health == uint.MaxValue) _pciDead = true;
        else if (health == _health && _posted != _postedAtHealth) _healthMisses++;
        else if (_healthMisses < MissesUntilCompromised) _healthMisses = 0;
        (_health, _postedAtHealth) = (health, _posted);
    }

    private ulong Submission => _options.MemoryBase;

    private ulong Completion => _options.MemoryBase + GuestMemory.PageBytes;

    private ulong Source(int slot) => _options.MemoryBase + (ulong)(2 + slot) * GuestMemory.PageBytes;

    private ulong Destination(int slot) => Source(_options.RingSize + slot);

    private void FillPattern(int job)
    {
        for (var at = 0; at < _buffer.Length; at += 8)
            BinaryPrimitives.WriteUInt64LittleEndian(_buffer.AsSpan(at), (ulong)(job + 1) * 0x9E37_79B9_7F4A_7C15 + (ulong)at);
    }
}

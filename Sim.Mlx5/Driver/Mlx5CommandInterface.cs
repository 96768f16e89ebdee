using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>
/// The driver's side of a command queue: entries and mailboxes in memory, the doorbell, and the wait for ownership, by looking at memory or
/// by
/// completion events. Each of its slots has mailboxes of its own, so that as many commands run side by side.
/// </summary>
public sealed class Mlx5CommandInterface
{
    /// <summary>Input mailboxes of a slot: room for 32 KiB.</summary>
    public const int InputBlocks = 64;

    /// <summary>Output mailboxes of a slot: room for 8 KiB.</summary>
    public const int OutputBlocks = 16;

    private const int QueueBytes = 4096;
    private const int BlockStride = 1024;
    private const int SlotBytes = (InputBlocks + OutputBlocks) * BlockStride;

    private readonly IMlx5Platform _platform;
    private readonly ulong _memory;
    private readonly bool[] _taken;
    private readonly SimEvent?[] _alarms;
    private readonly SimSignal _freed = new();
    private readonly SimSignal _completed = new();
    private readonly byte[] _block = new byte[CommandMailbox.Size];

    /// <summary>Makes the interface of a function.</summary>
    /// <param name="platform">Memory and registers.</param>
    /// <param name="memory">Page-aligned address of <see cref="BytesFor"/> bytes that are its own.</param>
    /// <param name="slots">Commands side by side, 1 to 31.</param>
    public Mlx5CommandInterface(IMlx5Platform platform, ulong memory, int slots = 1)
    {
        if (memory % QueueBytes != 0) throw new ArgumentException($"the command queue at {memory:x} is not page-aligned", nameof(memory));
        if (slots is < 1 or > 31) throw new ArgumentOutOfRangeException(nameof(slots), "the last of 32 entries is kept for pages");
        _platform = platform;
        _memory = memory;
        _taken = new bool[slots];
        _alarms = new SimEvent?[slots];
    }

    /// <summary>Whether signatures are set on what is sent and checked on what comes back.</summary>
    public bool UsesSignatures { get; set; }

    /// <summary>Completions are announced by <see cref="OnCompletionEvent"/>; else memory is polled.</summary>
    public bool UsesEvents { get; set; }

    /// <summary>How often memory is looked at. Default 1 us.</summary>
    public SimDuration PollInterval { get; set; } = SimDuration.FromMicroseconds(1);

    /// <summary>How long a command may take. Default 60 ms of simulated time, where Linux waits 60 s.</summary>
    public SimDuration Timeout { get; set; } = SimDuration.FromMilliseconds(60);

    /// <summary>Token of the last command: state that a driver carries along.</summary>
    public byte Token { get; set; }

    /// <summary>Called when a command was answered: where nobody takes interrupts, the place to look at the EQ.</summary>
    public Action? AfterCommand { get; set; }

    /// <summary>For fault injection: called with the addresses of entry and first input mailbox, before the doorbell.</summary>
    public Action<ulong, ulong>? BeforeDoorbell { get; set; }

    /// <summary>Bytes of memory that an interface takes.</summary>
    public static ulong BytesFor(int slots) => QueueBytes + ((ulong)slots * SlotBytes);

    /// <summary>Tells the device where the queue is.</summary>
    public async Task StartAsync()
    {
        await _platform.StoreAsync(InitSegment.CommandQueueHigh, _memory >> 32);
        await _platform.StoreAsync(InitSegment.CommandQueueLow, (uint)_memory);
    }

    /// <summary>A completion event: looks at every entry in flight.</summary>
    public void OnCompletionEvent() => _completed.Release();

    /// <summary>Executes a command that must succeed.</summary>
    /// <returns>Its output.</returns>
    /// <exception cref="Mlx5CommandException">It did not.</exception>
    public async Task<byte[]> ExecuteAsync(byte[] input, int outputLength = CommandHeader.Size)
    {
        var reply = await TryExecuteAsync(input, outputLength);
        return reply.IsOk ? reply.Output : throw new Mlx5CommandException(reply);
    }

    /// <summary>Executes a command.</summary>
    public async Task<CommandReply> TryExecuteAsync(byte[] input, int outputLength = CommandHeader.Size)
    {
        int slot;
        while ((slot = Array.IndexOf(_taken, false)) < 0) await _freed;
        _taken[slot] = true;
        var token = Token = (byte)(Token == 0xFF ? 1 : Token + 1);
        Build(slot, token, input, outputLength);
        BeforeDoorbell?.Invoke(EntryAddress(slot), InputBlock(slot, 0));
        await _platform.StoreAsync(InitSegment.CommandDoorbell, 1u << slot);
        var answered = await WaitAsync(slot);
        var opcode = (CommandOpcode)CommandHeader.Opcode.Get(input);

        // A slot whose command never came back is not used again: the device may still write to it.
        if (!answered) return new CommandReply(opcode, DeliveryStatus.Ok, [], TimedOut: true);
        var reply = Collect(slot, token, opcode, outputLength);
        _taken[slot] = false;
        _freed.Release();
        AfterCommand?.Invoke();
        return reply;
    }

    private ulong EntryAddress(int slot) => _memory + (ulong)(slot * CommandEntry.Size);

    private ulong InputBlock(int slot, int block) => _memory + QueueBytes + (ulong)((slot * SlotBytes) + (block * BlockStride));

    private ulong OutputBlock(int slot, int block) => InputBlock(slot, InputBlocks + block);

    private void Build(int slot, byte token, ReadOnlySpan<byte> input, int outputLength)
    {
        var blocks = CommandMailbox.Blocks(input.Length);
        var outputBlocks = CommandMailbox.Blocks(outputLength);
        if (blocks > InputBlocks || outputBlocks > OutputBlocks)
            throw new ArgumentException($"a command of {input.Length} + {outputLength} bytes does not fit in the mailboxes", nameof(input));
        Span<byte> entry = stackalloc byte[CommandEntry.Size];
        entry.Clear();
        CommandEntry.Type.Set(entry, CommandEntry.PcieTransport);
        CommandEntry.InputLength.Set(entry, (uint)input.Length);
        CommandEntry.OutputLength.Set(entry, (uint)outputLength);
        if (blocks > 0) CommandEntry.InputPointer.Set(entry, InputBlock(slot, 0));
        if (outputBlocks > 0) CommandEntry.OutputPointer.Set(entry, OutputBlock(slot, 0));
        var inline = Math.Min(input.Length, CommandEntry.InlineSize);
        input[..inline].CopyTo(entry[CommandEntry.Input..]);
        entry[CommandEntry.Token] = token;
        entry[CommandEntry.StatusAndOwner] = 1;
        if (UsesSignatures) CommandSignature.SignEntry(entry);
        for (var i = 0; i < blocks; i++)
        {
            var data = input[(CommandEntry.InlineSize + (i * CommandMailbox.DataSize))..];
            var next = i + 1 < blocks ? InputBlock(slot, i + 1) : 0;
            WriteBlock(InputBlock(slot, i), data[..Math.Min(data.Length, CommandMailbox.DataSize)], token, i, next);
        }

        for (var i = 0; i < outputBlocks; i++)
            WriteBlock(OutputBlock(slot, i), [], token, i, i + 1 < outputBlocks ? OutputBlock(slot, i + 1) : 0);
        _platform.Write(EntryAddress(slot), entry);
    }

    private void WriteBlock(ulong address, ReadOnlySpan<byte> data, byte token, int number, ulong next)
    {
        Array.Clear(_block);
        data.CopyTo(_block);
        CommandMailbox.Next.Set(_block, next);
        CommandMailbox.BlockNumber.Set(_block, (uint)number);
        _block[CommandMailbox.Token] = token;
        if (UsesSignatures) CommandSignature.SignMailbox(_block);
        _platform.Write(address, _block);
    }

    private async Task<bool> WaitAsync(int slot)
    {
        var deadline = _platform.Sim.Now + Timeout;
        var alarm = _alarms[slot] ??= new SimEvent(_platform.Sim, _completed.Release);
        if (UsesEvents) alarm.ScheduleAt(deadline);
        while (IsOwnedByHardware(slot))
        {
            if (_platform.Sim.Now >= deadline) return false;
            if (UsesEvents) await _completed;
            else await _platform.Sim.Delay(PollInterval);
        }

        alarm.Cancel();
        return true;
    }

    private bool IsOwnedByHardware(int slot)
    {
        Span<byte> last = stackalloc byte[1];
        _platform.Read(EntryAddress(slot) + CommandEntry.StatusAndOwner, last);
        return (last[0] & 1) != 0;
    }

    private CommandReply Collect(int slot, byte token, CommandOpcode opcode, int outputLength)
    {
        Span<byte> entry = stackalloc byte[CommandEntry.Size];
        _platform.Read(EntryAddress(slot), entry);
        var delivery = (DeliveryStatus)(entry[CommandEntry.StatusAndOwner] >> 1);
        if (delivery != DeliveryStatus.Ok) return new CommandReply(opcode, delivery, []);
        if (UsesSignatures && !CommandSignature.IsEntryValid(entry)) return new CommandReply(opcode, delivery, [], IsDamaged: true);
        var output = new byte[outputLength];
        entry.Slice(CommandEntry.Output, Math.Min(outputLength, CommandEntry.InlineSize)).CopyTo(output);
        for (var i = 0; i < CommandMailbox.Blocks(outputLength); i++)
        {
            _platform.Read(OutputBlock(slot, i), _block);
            if (_block[CommandMailbox.Token] != token || (UsesSignatures && !CommandSignature.IsMailboxValid(_block)))
                return new CommandReply(opcode, delivery, [], IsDamaged: true);
            var rest = output.AsSpan(CommandEntry.InlineSize + (i * CommandMailbox.DataSize));
            _block.AsSpan(0, Math.Min(rest.Length, CommandMailbox.DataSize)).CopyTo(rest);
        }

        return new CommandReply(opcode, delivery, output);
    }
}

using System.Buffers.Binary;
using System.Numerics;
using Sim.Mlx5.Spec;
using Sim.Pcie.Spec;

namespace Sim.Mlx5.Device;

/// <summary>
/// The command queue of a function: each bit of the doorbell vector starts one entry. Entry and mailboxes are read, checked and executed;
/// output
/// mailboxes are written, then the entry with its ownership given back, then the completion event. Entries run side by side, so that the
/// last one,
/// which drivers keep for pages, is served while another command waits for them.
/// </summary>
internal sealed class CommandProcessor(Mlx5Function function, Mlx5Options options)
{
    private const int MaxLength = 1 << 20;

    private readonly CommandCall?[] _calls = new CommandCall?[1 << InitSegment.LogCommandEntries];
    private readonly byte[] _block = new byte[CommandMailbox.Size];

    /// <summary>Doorbell bits that are not served yet.</summary>
    public uint Waiting { get; private set; }

    /// <summary>Entries in hand.</summary>
    public int Busy { get; private set; }

    public void Reset()
    {
        foreach (var call in _calls)
        {
            if (call is null) continue;
            call.Execution.Cancel();
            call.Transfer?.Cancel();
            call.Transfer = null;
            call.At = CommandCall.Step.Idle;
        }

        Waiting = 0;
        Busy = 0;
    }

    public void Save(BinaryWriter image) => image.Write(Waiting);

    public void Load(BinaryReader image) => Waiting = image.ReadUInt32();

    public void Ring(uint vector)
    {
        Waiting |= vector;
        Serve();
    }

    /// <summary>Starts what waits, unless the initiator is stopping.</summary>
    public void Serve()
    {
        if (function.InitiatorStopping || function.InitSegment.Syndrome != HealthSyndrome.None) return;
        for (var bits = Waiting; bits != 0; bits &= bits - 1)
        {
            var slot = BitOperations.TrailingZeroCount(bits);
            var call = _calls[slot] ??= new CommandCall(this, function, slot);
            if (call.At != CommandCall.Step.Idle) continue;
            if (!function.Dma.Read(EntryAddress(call), CommandEntry.Size, Mlx5Function.CommandContext(slot))) return;
            Waiting &= ~(1u << slot);
            Busy++;
            call.At = CommandCall.Step.ReadingEntry;
            call.Started = function.Sim.Now;
        }
    }

    /// <summary>Data of a read for an entry in hand.</summary>
    public void OnRead(int slot, ReadOnlySpan<byte> data, CompletionStatus status)
    {
        var call = _calls[slot]!;
        if (status != CompletionStatus.Successful)
        {
            // Nobody can be told: the driver's timeout and its health poll find out.
            function.Fail(HealthSyndrome.IcmFetchPciError);
            Rest(call);
            return;
        }

        switch (call.At)
        {
            case CommandCall.Step.ReadingEntry: OnEntry(call, data); break;
            case CommandCall.Step.ReadingInput: OnInput(call, data); break;
            case CommandCall.Step.ReadingOutputChain: OnOutputChain(call, data); break;
            case CommandCall.Step.Executing: call.Transfer?.OnRead(data); break;
        }
    }

    public void Execute(CommandCall call)
    {
        call.Output.Clear();
        if (CommandTable.Execute(call) is { } status) Finish(call, DeliveryStatus.Ok, status);
    }

    /// <summary>Gives an entry back.</summary>
    public void Finish(CommandCall call, DeliveryStatus delivery, CommandStatus status)
    {
        var entry = call.Entry.AsSpan();
        if (delivery == DeliveryStatus.Ok)
        {
            var output = call.Output;
            if (status != CommandStatus.Ok)
            {
                output.Clear();
                CommandHeader.Syndrome.Set(output, ((uint)call.Opcode << 8) | (uint)status);
            }

            CommandHeader.Status.Set(output, (uint)status);
            var inline = output[..Math.Min(output.Length, CommandEntry.InlineSize)];
            inline.CopyTo(entry[CommandEntry.Output..]);
            for (var i = 0; i < call.OutputBlocks.Length; i++) WriteOutputBlock(call, i);
        }

        entry[CommandEntry.StatusAndOwner] = (byte)((int)delivery << 1);
        CommandSignature.SignEntry(entry);
        function.WriteMemory(EntryAddress(call), entry);
        function.OnCommand(call, delivery, status);
        function.Vhca.RaiseEvent(EventType.CommandCompletion, Eqe.CommandVector, 1u << call.Slot);
        Rest(call);
    }

    private ulong EntryAddress(CommandCall call) =>
        function.InitSegment.CommandQueue + ((ulong)call.Slot << InitSegment.LogCommandStride);

    private bool SignaturesCount => function.Vhca.CommandChecksum == HcaCapabilities.ChecksumEnabled;

    private void OnEntry(CommandCall call, ReadOnlySpan<byte> entry)
    {
        entry.CopyTo(call.Entry);
        call.InputLength = call.OutputLength = 0;
        call.OutputBlocks = [];
        if ((entry[CommandEntry.StatusAndOwner] & 1) == 0)
        {
            // The doorbell rang for an entry that software still owns.
            Rest(call);
            return;
        }

        if (Check(entry) is var fault and not DeliveryStatus.Ok)
        {
            Finish(call, fault, CommandStatus.Ok);
            return;
        }

        call.InputLength = (int)CommandEntry.InputLength.Get(entry);
        call.OutputLength = (int)CommandEntry.OutputLength.Get(entry);
        if (call.InputBuffer.Length < call.InputLength) call.InputBuffer = new byte[call.InputLength];
        if (call.OutputBuffer.Length < call.OutputLength) call.OutputBuffer = new byte[call.OutputLength];
        entry.Slice(CommandEntry.Input, Math.Min(call.InputLength, CommandEntry.InlineSize)).CopyTo(call.Input);
        call.Block = 0;
        call.BlockAddress = CommandEntry.InputPointer.Get(entry);
        Continue(call, CommandCall.Step.ReadingInput);
    }

    private DeliveryStatus Check(ReadOnlySpan<byte> entry)
    {
        if (CommandEntry.Type.Get(entry) != CommandEntry.PcieTransport) return DeliveryStatus.Descriptor;
        if (SignaturesCount && !CommandSignature.IsEntryValid(entry)) return DeliveryStatus.Signature;
        if (CommandEntry.Reserved.IsSet(entry)) return DeliveryStatus.ReservedNotClear;
        var (input, output) = (CommandEntry.InputLength.Get(entry), CommandEntry.OutputLength.Get(entry));
        if (input is < 8 or > MaxLength) return DeliveryStatus.InputLength;
        if (output is < 8 or > MaxLength) return DeliveryStatus.OutputLength;
        if (CommandMailbox.Blocks((int)input) > 0 && CommandEntry.InputPointer.Get(entry) % CommandMailbox.Alignment != 0)
            return DeliveryStatus.InputAlignment;
        return CommandMailbox.Blocks((int)output) > 0 && CommandEntry.OutputPointer.Get(entry) % CommandMailbox.Alignment != 0
            ? DeliveryStatus.OutputAlignment
            : DeliveryStatus.Ok;
    }

    /// <summary>Reads the next mailbox of the chain in hand, or goes on to what comes behind the chain.</summary>
    private void Continue(CommandCall call, CommandCall.Step step)
    {
        call.At = step;
        if (step == CommandCall.Step.ReadingInput && call.Block == CommandMailbox.Blocks(call.InputLength))
        {
            var blocks = CommandMailbox.Blocks(call.OutputLength);
            call.OutputBlocks = blocks == 0 ? [] : new ulong[blocks];
            call.Block = 0;
            call.BlockAddress = CommandEntry.OutputPointer.Get(call.Entry);
            call.At = step = CommandCall.Step.ReadingOutputChain;
        }

        if (step == CommandCall.Step.ReadingOutputChain && call.Block == call.OutputBlocks.Length)
        {
            call.At = CommandCall.Step.Executing;
            call.Execution.ScheduleAfter(options.CommandTime);
            return;
        }

        // Of an output mailbox only the control segment matters: token, number, where the next one is.
        var input = step == CommandCall.Step.ReadingInput;
        var issued = function.Dma.Read(
            input ? call.BlockAddress : call.BlockAddress + CommandMailbox.Control,
            input ? CommandMailbox.Size : CommandMailbox.Size - CommandMailbox.Control,
            Mlx5Function.CommandContext(call.Slot));
        if (!issued) Rest(call);
    }

    private void OnInput(CommandCall call, ReadOnlySpan<byte> block)
    {
        if (CheckBlock(call, block, 0) is var fault and not DeliveryStatus.Ok)
        {
            Finish(call, fault, CommandStatus.Ok);
            return;
        }

        if (SignaturesCount && !CommandSignature.IsMailboxValid(block))
        {
            Finish(call, DeliveryStatus.Signature, CommandStatus.Ok);
            return;
        }

        var rest = call.Input[(CommandEntry.InlineSize + (call.Block * CommandMailbox.DataSize))..];
        block[..Math.Min(rest.Length, CommandMailbox.DataSize)].CopyTo(rest);
        Next(call, CommandMailbox.Next.Get(block), CommandCall.Step.ReadingInput);
    }

    private void OnOutputChain(CommandCall call, ReadOnlySpan<byte> control)
    {
        if (CheckBlock(call, control, CommandMailbox.Control) is var fault and not DeliveryStatus.Ok)
        {
            Finish(call, fault, CommandStatus.Ok);
            return;
        }

        call.OutputBlocks[call.Block] = call.BlockAddress;
        Next(call, BinaryPrimitives.ReadUInt64BigEndian(control[(CommandMailbox.SignedControl - CommandMailbox.Control)..]),
            CommandCall.Step.ReadingOutputChain);
    }

    private static DeliveryStatus CheckBlock(CommandCall call, ReadOnlySpan<byte> block, int from)
    {
        if (block[CommandMailbox.Token - from] != call.Entry[CommandEntry.Token]) return DeliveryStatus.Token;
        var number = BinaryPrimitives.ReadUInt32BigEndian(block[(CommandMailbox.BlockNumber.Offset - from)..]);
        return number == call.Block ? DeliveryStatus.Ok : DeliveryStatus.BlockNumber;
    }

    private void Next(CommandCall call, ulong next, CommandCall.Step step)
    {
        call.Block++;
        call.BlockAddress = next;
        Continue(call, step);
    }

    private void WriteOutputBlock(CommandCall call, int index)
    {
        var block = _block.AsSpan();
        block.Clear();
        var rest = call.Output[(CommandEntry.InlineSize + (index * CommandMailbox.DataSize))..];
        rest[..Math.Min(rest.Length, CommandMailbox.DataSize)].CopyTo(block);
        CommandMailbox.Next.Set(block, index + 1 < call.OutputBlocks.Length ? call.OutputBlocks[index + 1] : 0);
        CommandMailbox.BlockNumber.Set(block, (uint)index);
        block[CommandMailbox.Token] = call.Entry[CommandEntry.Token];
        CommandSignature.SignMailbox(block);
        function.WriteMemory(call.OutputBlocks[index], block);
    }

    private void Rest(CommandCall call)
    {
        call.Transfer = null;
        call.At = CommandCall.Step.Idle;
        Busy--;
        if (function.InitiatorStopping) function.OnBoundary();
        else Serve();
    }
}

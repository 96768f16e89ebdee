using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>One entry of a command queue while it is in the hands of the device: what came in, what goes out, and how far it is.</summary>
internal sealed class CommandCall
{
    public enum Step
    {
        Idle,
        ReadingEntry,
        ReadingInput,
        ReadingOutputChain,
        Executing,
    }

    private readonly CommandProcessor _processor;

    public CommandCall(CommandProcessor processor, Mlx5Function function, int slot)
    {
        _processor = processor;
        Function = function;
        Slot = slot;
        Execution = new SimEvent(function.Sim, () => processor.Execute(this));
    }

    public Mlx5Function Function { get; }

    public int Slot { get; }

    public SimEvent Execution { get; }

    public Step At { get; set; }

    public SimTime Started { get; set; }

    public byte[] Entry { get; } = new byte[CommandEntry.Size];

    /// <summary>Whole input: from the entry and its mailboxes.</summary>
    public Span<byte> Input => InputBuffer.AsSpan(0, InputLength);

    /// <summary>Whole output, as long as the driver made room for.</summary>
    public Span<byte> Output => OutputBuffer.AsSpan(0, OutputLength);

    public byte[] InputBuffer { get; set; } = new byte[CreateCommands.InputSize];

    public byte[] OutputBuffer { get; set; } = new byte[CommandHeader.Size];

    public int InputLength { get; set; }

    public int OutputLength { get; set; }

    /// <summary>Mailbox in hand.</summary>
    public int Block { get; set; }

    /// <summary>Its address.</summary>
    public ulong BlockAddress { get; set; }

    /// <summary>Addresses of the output mailboxes.</summary>
    public ulong[] OutputBlocks { get; set; } = [];

    /// <summary>The transfer of an image that this command moves.</summary>
    public ImageTransfer? Transfer { get; set; }

    public CommandOpcode Opcode => (CommandOpcode)CommandHeader.Opcode.Get(Input);

    public uint OpMod => CommandHeader.OpMod.Get(Input);

    /// <summary>Ends a command that its handler left open.</summary>
    public void Finish(CommandStatus status)
    {
        // A reset may have ended the command first.
        if (At == Step.Executing) _processor.Finish(this, DeliveryStatus.Ok, status);
    }
}

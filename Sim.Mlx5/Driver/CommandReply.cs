using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Driver;

/// <summary>What a driver got back for a command.</summary>
/// <param name="Opcode">The command.</param>
/// <param name="Delivery">Whether the device could take it.</param>
/// <param name="Output">The output; empty if it was not taken or no answer came.</param>
/// <param name="TimedOut">The entry was not given back in time.</param>
/// <param name="IsDamaged">The output carries a wrong signature or token.</param>
public sealed record CommandReply(
    CommandOpcode Opcode, DeliveryStatus Delivery, byte[] Output, bool TimedOut = false, bool IsDamaged = false)
{
    /// <summary>Status of the executed command; <see cref="CommandStatus.InternalError"/> where there is no output.</summary>
    public CommandStatus Status => Output.Length == 0 ? CommandStatus.InternalError : (CommandStatus)CommandHeader.Status.Get(Output);

    /// <summary>The vendor's detail of a status.</summary>
    public uint Syndrome => Output.Length == 0 ? 0 : CommandHeader.Syndrome.Get(Output);

    /// <summary>Taken, answered, undamaged and successful.</summary>
    public bool IsOk => !TimedOut && !IsDamaged && Delivery == DeliveryStatus.Ok && Status == CommandStatus.Ok;

    /// <summary>The command and why it failed.</summary>
    public override string ToString() => TimedOut ? $"{Opcode}: timed out"
        : IsDamaged ? $"{Opcode}: output damaged"
        : Delivery != DeliveryStatus.Ok ? $"{Opcode}: not delivered, {Delivery} error({(int)Delivery:x})"
        : $"{Opcode}: status {Status}({(int)Status:x}), syndrome ({Syndrome:x})";
}

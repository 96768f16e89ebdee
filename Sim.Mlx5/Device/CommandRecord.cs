using Sim.Core;
using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>A command that a function has executed, shown when its entry is given back to software.</summary>
/// <param name="Function">The function whose command queue it came by.</param>
/// <param name="Slot">Index in the command queue.</param>
/// <param name="Opcode">What was asked for.</param>
/// <param name="OpMod">With which modifier.</param>
/// <param name="Delivery">Whether it could be taken.</param>
/// <param name="Status">What became of it, if it was taken.</param>
/// <param name="Started">When its doorbell was served.</param>
public readonly record struct CommandRecord(
    Mlx5Function Function, int Slot, CommandOpcode Opcode, uint OpMod, DeliveryStatus Delivery, CommandStatus Status, SimTime Started);

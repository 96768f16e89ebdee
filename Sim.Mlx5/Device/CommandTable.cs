using Sim.Mlx5.Spec;

namespace Sim.Mlx5.Device;

/// <summary>Which commands there are, how long their input and output must be, when they are allowed, and who executes them.</summary>
internal static class CommandTable
{
    private const int Short = CommandHeader.Size;
    private const int Create = CreateCommands.InputSize;
    private const int Tracker = GeneralObject.Context + PageTrack.Size;

    private static readonly Dictionary<CommandOpcode, Entry> Entries = new()
    {
        [CommandOpcode.EnableHca] = new(Short, Short, HcaPhase.Disabled, HcaHandlers.Enable),
        [CommandOpcode.DisableHca] = new(Short, Short, HcaPhase.Enabled, HcaHandlers.Disable),
        [CommandOpcode.InitHca] = new(Short, Short, HcaPhase.Enabled, HcaHandlers.Init),
        [CommandOpcode.TeardownHca] = new(Short, Short, HcaPhase.Enabled, HcaHandlers.Teardown),
        [CommandOpcode.QueryIssi] = new(Short, HcaCommands.QueryIssiOutputSize, HcaPhase.Enabled, HcaHandlers.QueryIssi),
        [CommandOpcode.SetIssi] = new(Short, Short, HcaPhase.Enabled, HcaHandlers.SetIssi),
        [CommandOpcode.QueryPages] = new(Short, Short, HcaPhase.Enabled, HcaHandlers.QueryPages),
        [CommandOpcode.ManagePages] = new(Short, Short, HcaPhase.Enabled, HcaHandlers.ManagePages),
        [CommandOpcode.QueryHcaCap] = new(Short, Short + HcaCapabilities.Size, HcaPhase.Enabled, HcaHandlers.QueryCap),
        [CommandOpcode.SetHcaCap] = new(Short + HcaCapabilities.Size, Short, HcaPhase.Enabled, HcaHandlers.SetCap),
        [CommandOpcode.AllocUar] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.AllocUar),
        [CommandOpcode.DeallocUar] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.DeallocUar),
        [CommandOpcode.AllocPd] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.AllocPd),
        [CommandOpcode.DeallocPd] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.DeallocPd),
        [CommandOpcode.CreateMkey] = new(Create, Short, HcaPhase.Initialized, ObjectHandlers.CreateMkey),
        [CommandOpcode.DestroyMkey] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.DestroyMkey),
        [CommandOpcode.CreateEq] = new(Create, Short, HcaPhase.Initialized, ObjectHandlers.CreateEq),
        [CommandOpcode.DestroyEq] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.DestroyEq),
        [CommandOpcode.CreateCq] = new(Create, Short, HcaPhase.Initialized, ObjectHandlers.CreateCq),
        [CommandOpcode.DestroyCq] = new(Short, Short, HcaPhase.Initialized, ObjectHandlers.DestroyCq),
        [CommandOpcode.CreateQp] = new(Create, Short, HcaPhase.Initialized, QpHandlers.Create),
        [CommandOpcode.DestroyQp] = new(Short, Short, HcaPhase.Initialized, QpHandlers.Destroy),
        [CommandOpcode.QueryQp] = new(Short, Create, HcaPhase.Initialized, QpHandlers.Query),
        [CommandOpcode.ResetToInit] = new(Create, Short, HcaPhase.Initialized, QpHandlers.ResetToInit),
        [CommandOpcode.InitToReadyToReceive] = new(Create, Short, HcaPhase.Initialized, QpHandlers.InitToReadyToReceive),
        [CommandOpcode.ReadyToReceiveToReadyToSend] = new(Create, Short, HcaPhase.Initialized, QpHandlers.ReadyToReceiveToReadyToSend),
        [CommandOpcode.ToError] = new(Short, Short, HcaPhase.Initialized, QpHandlers.ToError),
        [CommandOpcode.ToReset] = new(Short, Short, HcaPhase.Initialized, QpHandlers.ToReset),
        [CommandOpcode.AllocMemic] = new(MemicCommands.InputSize, Short, HcaPhase.Initialized, MemoryHandlers.AllocMemic),
        [CommandOpcode.DeallocMemic] = new(MemicCommands.InputSize, Short, HcaPhase.Initialized, MemoryHandlers.DeallocMemic),
        [CommandOpcode.SetRoceAddress] = new(RoceAddress.Size, Short, HcaPhase.Initialized, MemoryHandlers.SetRoceAddress),
        [CommandOpcode.QueryRoceAddress] = new(Short, RoceAddress.Size, HcaPhase.Initialized, MemoryHandlers.QueryRoceAddress),
        [CommandOpcode.CreateGeneralObject] = new(Tracker, Short, HcaPhase.Initialized, TrackerHandlers.Create),
        [CommandOpcode.ModifyGeneralObject] = new(Tracker, Short, HcaPhase.Initialized, TrackerHandlers.Modify),
        [CommandOpcode.QueryGeneralObject] = new(Short, Tracker, HcaPhase.Initialized, TrackerHandlers.Query),
        [CommandOpcode.DestroyGeneralObject] = new(Short, Short, HcaPhase.Initialized, TrackerHandlers.Destroy),
        [CommandOpcode.SuspendVhca] = new(Short, Short, HcaPhase.Initialized, VhcaHandlers.Suspend),
        [CommandOpcode.ResumeVhca] = new(Short, Short, HcaPhase.Initialized, VhcaHandlers.Resume),
        [CommandOpcode.QueryVhcaMigrationState] =
            new(Short, VhcaCommands.QueryOutputSize, HcaPhase.Initialized, VhcaHandlers.Query),
        [CommandOpcode.SaveVhcaState] = new(VhcaCommands.TransferInputSize, Short, HcaPhase.Initialized, VhcaHandlers.Save),
        [CommandOpcode.LoadVhcaState] = new(VhcaCommands.TransferInputSize, Short, HcaPhase.Initialized, VhcaHandlers.Load),
    };

    /// <summary>Executes a command.</summary>
    /// <returns>Its status; null if it goes on and ends by itself.</returns>
    public static CommandStatus? Execute(CommandCall call)
    {
        if (!Entries.TryGetValue(call.Opcode, out var entry)) return CommandStatus.BadOperation;
        if (call.InputLength < entry.InputSize) return CommandStatus.BadInputLength;
        if (call.OutputLength < entry.OutputSize) return CommandStatus.BadOutputLength;
        if (call.Function.Vhca.Phase < entry.Needs) return CommandStatus.BadSystemState;
        var injected = call.Function.InjectedStatus(call.Opcode, call.OpMod);
        return injected != CommandStatus.Ok ? injected : entry.Execute(call);
    }

    private readonly record struct Entry(int InputSize, int OutputSize, HcaPhase Needs, Func<CommandCall, CommandStatus?> Execute);
}

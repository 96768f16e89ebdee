using Sim.Mlx5.Spec;
using static Sim.Mlx5.Spec.CommandStatus;

namespace Sim.Mlx5.Device;

/// <summary>Commands that bring an HCA up and down.</summary>
internal static class HcaHandlers
{
    private const uint SupportedIssi = 1;

    public static CommandStatus? Enable(CommandCall call)
    {
        var id = HcaCommands.FunctionId.Get(call.Input);
        if (id != 0) return EnableOther(call, id, true);
        if (call.Function.Vhca.Phase != HcaPhase.Disabled) return BadSystemState;
        call.Function.Vhca.Phase = HcaPhase.Enabled;
        return Ok;
    }

    public static CommandStatus? Disable(CommandCall call)
    {
        var id = HcaCommands.FunctionId.Get(call.Input);
        if (id != 0) return EnableOther(call, id, false);
        if (call.Function.Vhca.Phase != HcaPhase.Enabled) return BadSystemState;
        call.Function.Vhca.Reset();
        return Ok;
    }

    public static CommandStatus? Init(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        if (vhca.Phase != HcaPhase.Enabled || Wanted(call, HcaCommands.InitPages) > 0) return BadSystemState;
        vhca.Phase = HcaPhase.Initialized;
        return Ok;
    }

    public static CommandStatus? Teardown(CommandCall call)
    {
        var vhca = call.Function.Vhca;
        if (vhca.Phase != HcaPhase.Initialized) return BadSystemState;
        foreach (var qp in vhca.Qps.Slots)
        {
            if (qp is null) continue;
            qp.State = QpState.Reset;
            vhca.Sends.GiveBack(qp);
            if (qp.Phase == SendPhase.Idle) continue;
            qp.AtBoundary += () =>
            {
                if (Teardown(call) is { } status) call.Finish(status);
            };
            return null;
        }

        vhca.ReleaseObjects();
        vhca.Phase = HcaPhase.Enabled;
        return Ok;
    }

    public static CommandStatus? QueryIssi(CommandCall call)
    {
        HcaCommands.CurrentIssi.Set(call.Output, call.Function.Vhca.Issi);
        HcaCommands.SupportedIssi.Set(call.Output, (1 << (int)SupportedIssi) | 1);
        return Ok;
    }

    public static CommandStatus? SetIssi(CommandCall call)
    {
        var issi = HcaCommands.CurrentIssi.Get(call.Input);
        if (issi > SupportedIssi) return BadParameter;
        call.Function.Vhca.Issi = issi;
        return Ok;
    }

    public static CommandStatus? QueryPages(CommandCall call)
    {
        if (call.OpMod is < HcaCommands.BootPages or > HcaCommands.RegularPages) return BadOperation;
        if (HcaCommands.FunctionId.Get(call.Input) != 0) return BadParameter;
        HcaCommands.PageCount.Set(call.Output, (uint)Wanted(call, call.OpMod));
        return Ok;
    }

    public static CommandStatus? ManagePages(CommandCall call)
    {
        if (HcaCommands.FunctionId.Get(call.Input) != 0) return BadParameter;
        var count = (int)Math.Min(HcaCommands.InputEntries.Get(call.Input), int.MaxValue);
        var pages = call.Function.Vhca.Pages;
        switch (call.OpMod)
        {
            case HcaCommands.PagesCannotGive:
                return Ok;
            case HcaCommands.PagesGive:
                if ((call.InputLength - HcaCommands.PageList) / 8 < count) return BadInputLength;
                if (PageList.Read(call.Input[HcaCommands.PageList..], count, 12) is not { } given) return BadParameter;
                if (Array.Exists(given.Pages, page => page % 4096 != 0 || pages.Contains(page))) return BadParameter;
                pages.AddRange(given.Pages);
                return Ok;
            case HcaCommands.PagesTake:
                if (call.Function.Vhca.Phase == HcaPhase.Initialized) return Ok;
                count = Math.Min(Math.Min(count, (call.OutputLength - HcaCommands.PageList) / 8), pages.Count);
                for (var i = 0; i < count; i++)
                {
                    new QwordField(HcaCommands.PageList + (i * 8)).Set(call.Output, pages[^1]);
                    pages.RemoveAt(pages.Count - 1);
                }

                HcaCommands.OutputEntries.Set(call.Output, (uint)count);
                return Ok;
            default:
                return BadOperation;
        }
    }

    public static CommandStatus? QueryCap(CommandCall call)
    {
        Mlx5Function? subject = call.Function;
        if (HcaCommands.OtherFunction.IsSet(call.Input))
        {
            if (subject is not Mlx5PhysicalFunction pf) return BadOperation;
            var id = HcaCommands.FunctionId.Get(call.Input);
            if (id != 0) subject = pf.VirtualFunctionOf(id);
            if (subject is null) return BadParameter;
        }

        var capability = call.Output.Slice(HcaCommands.Capability, HcaCapabilities.Size);
        switch (call.OpMod >> 1)
        {
            case HcaCapabilities.General:
                Capabilities.WriteGeneral(capability, subject, (call.OpMod & 1) == HcaCapabilities.Current);
                return Ok;
            case HcaCapabilities.General2:
                Capabilities.WriteGeneral2(capability, subject);
                return Ok;
            case HcaCapabilities.DeviceMemoryType:
                Capabilities.WriteDeviceMemory(capability, subject);
                return Ok;
            case HcaCapabilities.AdvancedVirtualizationType:
                Capabilities.WriteAdvancedVirtualization(capability, subject);
                return Ok;
            default:
                return BadParameter;
        }
    }

    public static CommandStatus? SetCap(CommandCall call)
    {
        if (call.OpMod >> 1 != HcaCapabilities.General || call.Function.Vhca.Phase != HcaPhase.Enabled) return BadSystemState;
        var capability = call.Input.Slice(HcaCommands.Capability, HcaCapabilities.Size);
        var checksum = HcaCapabilities.CommandChecksum.Get(capability);
        if (checksum == 2 || HcaCapabilities.LogUarPageSize.Get(capability) != 0) return BadParameter;
        call.Function.Vhca.CommandChecksum = checksum;
        return Ok;
    }

    /// <summary>Pages that are missing for a step.</summary>
    private static int Wanted(CommandCall call, uint step)
    {
        var options = call.Function.Options;
        var needed = step switch
        {
            HcaCommands.BootPages => options.BootPages,
            HcaCommands.InitPages => options.BootPages + options.InitPages,
            _ => 0,
        };
        return Math.Max(0, needed - call.Function.Vhca.Pages.Count);
    }

    private static CommandStatus EnableOther(CommandCall call, uint id, bool enable)
    {
        if (call.Function is not Mlx5PhysicalFunction pf) return BadOperation;
        if (pf.Vhca.Phase != HcaPhase.Initialized) return BadSystemState;
        if (pf.VirtualFunctionOf(id) is not { } vf) return BadParameter;
        vf.SetEnabled(enable);
        return Ok;
    }
}

using Sim.Pcie.Capabilities;
using Sim.Pcie.Config;
using Sim.Pcie.Spec;

namespace Sim.Pcie.Errors;

/// <summary>The error path of one Function: the sequence of §6.2.5 from the detected error to Device Status, AER and the Message.</summary>
/// <param name="trace">Where decisions are shown.</param>
/// <param name="config">The Function's registers.</param>
/// <param name="pcie">Its PCI Express Capability.</param>
/// <param name="aer">Its AER capability, or null: the baseline of §6.2.4 then applies.</param>
/// <param name="sink">Where Messages go, and the Function's Routing ID.</param>
public sealed class ErrorReporter(
    ErrorTrace trace, ConfigSpace config, PciExpressCapability pcie, AerCapability? aer, IErrorMessageSink sink)
{
    /// <summary>In a VF, the PF's reporter: its Command, Device Control and (where the VF has none of its own) AER controls apply
    /// (§6.2.9).</summary>
    public ErrorReporter? PhysicalFunction { get; init; }

    /// <summary>Whether the PF's AER decides for a VF without AER.</summary>
    public VfErrorPolicy VfPolicy { get; init; }

    /// <summary>DPC of this port, which an unmasked uncorrectable error may trigger instead of being signaled (§6.2.11).</summary>
    public DpcController? Dpc { get; init; }

    /// <summary>The Function's registers.</summary>
    public ConfigSpace Config => config;

    /// <summary>The AER capability, or null.</summary>
    public AerCapability? Aer => aer;

    private ConfigSpace Enables => (PhysicalFunction ?? this).Config;

    private int DeviceControl => PhysicalFunction?.DeviceControl ?? pcie.DeviceControl;

    private bool SerrEnabled => Enables.Bit(HeaderView.CommandOffset, HeaderView.SerrEnable);

    /// <summary>Runs the error through §6.2.5.</summary>
    /// <param name="error">What was detected.</param>
    /// <param name="tlp">The TLP in error, if there was one: it is logged, and whether it is Non-Posted decides advisory handling.</param>
    /// <param name="role">The role it was detected in.</param>
    /// <param name="prefixes">End-End TLP Prefixes of the TLP.</param>
    /// <returns>What was decided, with each deciding bit.</returns>
    public ErrorDecision Report(
        PcieError error, in TlpHeader? tlp = null, DetectingRole role = DetectingRole.UltimateReceiver, uint[]? prefixes = null)
    {
        var facts = ErrorTable.Of(error);
        if (PhysicalFunction is { } pf && !facts.FunctionSpecific)
            return pf.Report(error, in tlp, role, prefixes);

        var decision = new ErrorDecision(trace, config.Name, sink.RoutingId, error, tlp) { Severity = facts.DefaultSeverity };
        decision.Add(ErrorStepKind.Detected, $"detected {facts.Name}" + (tlp is { } header ? $" on {header}" : ""));
        if (facts.IsCorrectable)
        {
            ReportCorrectable(decision, facts);
            return decision;
        }

        SetPciStatus(error);
        DecideSeverity(decision, facts);
        if (IsAdvisory(decision.Severity, facts, tlp, role))
            ReportAdvisory(decision, facts, tlp, prefixes);
        else
            ReportUncorrectable(decision, facts, tlp, prefixes);
        return decision;
    }

    private AerCapability? OwnAer(ErrorFacts facts) => aer is not null && aer.Implements(facts.Error) ? aer : null;

    /// <summary>Whose mask and severity decide: the Function's own, for a VF mostly its PF's (§7.8.4.3: VF RsvdP).</summary>
    private AerCapability? DecidingAer(ErrorFacts facts)
    {
        if (OwnAer(facts) is { } own)
            return own.Options.VirtualFunction && !facts.VfHasOwnControls ? PhysicalFunction?.Aer ?? own : own;
        return PhysicalFunction is not null && VfPolicy == VfErrorPolicy.PfAerDecides ? PhysicalFunction.OwnAer(facts) : null;
    }

    private void DecideSeverity(ErrorDecision decision, ErrorFacts facts)
    {
        if (DecidingAer(facts) is { } deciding)
        {
            var fatal = deciding.Config.Bit(deciding.UncorrectableSeverity, facts.Bit);
            decision.Severity = fatal ? ErrorSeverity.Fatal : ErrorSeverity.NonFatal;
            decision.Add(ErrorStepKind.Decided, $"severity {decision.Severity}",
                deciding.Config.Describe(deciding.UncorrectableSeverity, facts.Bit));
        }
        else
        {
            decision.Add(ErrorStepKind.Decided, $"severity {decision.Severity} by default, having no AER bit for it (§6.2.7)");
        }
    }

    private bool IsAdvisory(ErrorSeverity severity, ErrorFacts facts, TlpHeader? tlp, DetectingRole role)
    {
        if (severity != ErrorSeverity.NonFatal || !pcie.Options.RoleBasedErrorReporting)
            return false;
        var cases = role switch
        {
            DetectingRole.IntermediateReceiver => AdvisoryCases.IntermediateReceiver,
            DetectingRole.TolerantReceiver => AdvisoryCases.TolerantReceiver,
            DetectingRole.RetryingRequester => AdvisoryCases.RetryingRequester,
            _ => AdvisoryCases.None,
        };
        if (tlp is { FlowClass: FlowClass.NonPosted })
            cases |= AdvisoryCases.CompleterOfNonPosted;
        return (facts.Advisory & (cases | AdvisoryCases.Always)) != 0;
    }

    private void ReportCorrectable(ErrorDecision decision, ErrorFacts facts)
    {
        SetDeviceStatus(decision, PciExpressCapability.CorrectableErrorDetected, facts);
        LogCorrectable(decision, facts, facts.Bit);
        if (DecidingAer(facts) is { } deciding && deciding.Config.Bit(deciding.CorrectableMask, facts.Bit))
            Masked(decision, deciding.Config.Describe(deciding.CorrectableMask, facts.Bit));
        else
            SendCorrectable(decision);
    }

    private void ReportAdvisory(ErrorDecision decision, ErrorFacts facts, TlpHeader? tlp, uint[]? prefixes)
    {
        decision.IsAdvisory = true;
        SetDeviceStatus(decision, PciExpressCapability.CorrectableErrorDetected, facts);
        if (DecidingAer(facts) is not { } deciding)
        {
            decision.Add(ErrorStepKind.NoMessage, "sends no Message: advisory, and no AER capability (§6.2.3.2.4)");
            return;
        }

        decision.Add(ErrorStepKind.Decided, "handles it as Advisory Non-Fatal Error (§6.2.3.2.4)");
        LogCorrectable(decision, facts, ErrorTable.AdvisoryNonFatalBit);
        if (deciding.Config.Bit(deciding.CorrectableMask, ErrorTable.AdvisoryNonFatalBit))
        {
            Masked(decision, deciding.Config.Describe(deciding.CorrectableMask, ErrorTable.AdvisoryNonFatalBit));
            return;
        }

        // The uncorrectable mask keeps the header from being recorded; the ERR_COR is gated by the advisory mask alone (§6.2.4.3).
        LogUncorrectable(decision, facts, tlp, prefixes, deciding.Config.Bit(deciding.UncorrectableMask, facts.Bit));
        var urre = Enables.Describe(DeviceControl, PciExpressCapability.UnsupportedRequestReportingEnable);
        if (facts.Error == PcieError.UnsupportedRequest && urre.Value == 0)
            decision.Add(ErrorStepKind.NoMessage, "sends no Message", urre);
        else
            SendCorrectable(decision);
    }

    private void ReportUncorrectable(ErrorDecision decision, ErrorFacts facts, TlpHeader? tlp, uint[]? prefixes)
    {
        SetDeviceStatus(decision, decision.Severity == ErrorSeverity.Fatal
            ? PciExpressCapability.FatalErrorDetected
            : PciExpressCapability.NonFatalErrorDetected, facts);
        var deciding = DecidingAer(facts);
        var masked = deciding is not null && deciding.Config.Bit(deciding.UncorrectableMask, facts.Bit);
        LogUncorrectable(decision, facts, tlp, prefixes, masked);
        if (masked)
        {
            Masked(decision, deciding!.Config.Describe(deciding.UncorrectableMask, facts.Bit));
            return;
        }
        if (Dpc is { } dpc && dpc.TryContainOwnError(decision))
        {
            decision.IsContained = true;
            decision.Add(ErrorStepKind.NoMessage, "sends no Message: the error triggered DPC (§6.2.11)");
            return;
        }
        SendUncorrectable(decision, facts);
    }

    private void SendUncorrectable(ErrorDecision decision, ErrorFacts facts)
    {
        var severityEnable = decision.Severity == ErrorSeverity.Fatal
            ? PciExpressCapability.FatalReportingEnable
            : PciExpressCapability.NonFatalReportingEnable;
        var serr = Enables.Describe(HeaderView.CommandOffset, HeaderView.SerrEnable);
        var urre = Enables.Describe(DeviceControl, PciExpressCapability.UnsupportedRequestReportingEnable);
        var enable = Enables.Describe(DeviceControl, severityEnable);

        if (facts.Error == PcieError.UnsupportedRequest && urre.Value == 0)
        {
            // SERR# enables UR Messages implicitly, but only in role-based Functions (§6.2.7, implementation note).
            if (!SerrEnabled || !pcie.Options.RoleBasedErrorReporting)
            {
                decision.Add(ErrorStepKind.NoMessage, "sends no Message", urre, serr);
                return;
            }
            Send(decision, urre, serr);
            return;
        }
        if (!SerrEnabled && enable.Value == 0)
            decision.Add(ErrorStepKind.NoMessage, "sends no Message", enable, serr);
        else
            Send(decision, enable, serr);
    }

    private void SendCorrectable(ErrorDecision decision)
    {
        var enable = Enables.Describe(DeviceControl, PciExpressCapability.CorrectableReportingEnable);
        if (enable.Value == 0)
            decision.Add(ErrorStepKind.NoMessage, "sends no Message", enable);
        else
            Send(decision, enable);
    }

    private void Send(ErrorDecision decision, params RegisterBit[] bits)
    {
        var severity = decision.IsAdvisory ? ErrorSeverity.Correctable : decision.Severity;
        var message = new ErrorMessage(severity, sink.RoutingId);
        decision.Message = message;
        if (severity != ErrorSeverity.Correctable && SerrEnabled)
            config.HwSetBits(HeaderView.StatusOffset, 2, 1u << HeaderView.SignaledSystemError);
        decision.Add(ErrorStepKind.MessageSent, $"sends {ErrorMessage.NameOf(severity)}", bits);
        trace.Sent(message, decision.Chain);
        sink.SendErrorMessage(message);
    }

    private void LogCorrectable(ErrorDecision decision, ErrorFacts facts, int bit)
    {
        if (OwnAer(facts) is not { } own)
            return;
        own.Config.HwSetBits(own.CorrectableStatus, 4, 1u << bit);
        decision.AddLogged("logs it in AER", own.Config.Describe(own.CorrectableStatus, bit));
    }

    private void LogUncorrectable(ErrorDecision decision, ErrorFacts facts, TlpHeader? tlp, uint[]? prefixes, bool masked)
    {
        if (OwnAer(facts) is not { } own)
            return;
        if (masked)
        {
            own.Config.HwSetBits(own.UncorrectableStatus, 4, facts.Mask);
            decision.AddLogged("sets AER status, but logs no header: masked", own.Config.Describe(own.UncorrectableStatus, facts.Bit));
            return;
        }
        if (own.TryRecord(facts, tlp, prefixes))
        {
            decision.AddLogged("logs it in AER", own.Config.Describe(own.UncorrectableStatus, facts.Bit),
                own.Config.Describe(own.Control, 0));
            return;
        }
        decision.AddLogged("sets AER status but finds the Header Log occupied (§6.2.4.2)",
            own.Config.Describe(own.UncorrectableStatus, facts.Bit), own.Config.Describe(own.Control, 0));
        if (own.Implements(PcieError.HeaderLogOverflow))
            Report(PcieError.HeaderLogOverflow);
    }

    private void Masked(ErrorDecision decision, RegisterBit mask)
    {
        decision.IsMasked = true;
        decision.Add(ErrorStepKind.NoMessage, "sends no Message, masked", mask);
    }

    private void SetDeviceStatus(ErrorDecision decision, int bit, ErrorFacts facts)
    {
        int[] bits = facts.Error == PcieError.UnsupportedRequest ? [bit, PciExpressCapability.UnsupportedRequestDetected] : [bit];
        foreach (var set in bits) config.HwSetBits(pcie.DeviceStatus, 2, 1u << set);
        decision.AddLogged("shows it in Device Status", [.. bits.Select(set => config.Describe(pcie.DeviceStatus, set))]);
    }

    private void SetPciStatus(PcieError error)
    {
        // §6.2.7.1: what conventional software sees. Received aborts are the Requester's to set when a Completion says so.
        if (error == PcieError.CompleterAbort)
            config.HwSetBits(HeaderView.StatusOffset, 2, 1u << HeaderView.SignaledTargetAbort);
        else if (error == PcieError.PoisonedTlpReceived)
            config.HwSetBits(HeaderView.StatusOffset, 2, 1u << HeaderView.DetectedParityError);
    }
}

namespace Sim.Pcie.Errors;

/// <summary>What a Root Port or Root Complex Event Collector needs of its platform when an error Message arrives.</summary>
public interface IRootErrorPlatform
{
    /// <summary>Signals an edge-triggered interrupt (MSI or MSI-X); the platform checks enables and masks of that mechanism.</summary>
    /// <param name="messageNumber">Advanced Error Interrupt Message Number or DPC Interrupt Message Number.</param>
    void SignalInterrupt(int messageNumber);

    /// <summary>Raises a System Error (§6.2.6): what that is, a machine check, an NMI or a firmware trap, is the platform's.</summary>
    void RaiseSystemError(in ErrorMessage message);
}

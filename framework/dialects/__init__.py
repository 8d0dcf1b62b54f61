"""Protocols that several sources share: JSON-RPC of EVM nodes, the API of Etherscan."""

"""Light curves in one unit and band: conversion, binning, exposure."""
